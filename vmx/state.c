/* SPDX-License-Identifier: MIT */
/*
 * The virtual processor's state between the VMCS and Umbra: the processor runs
 * with other values than the guest has set, and the guest must not see it.
 */
#include "arch/x86/cpu.h"
#include "lib/log.h"
#include "vmx/cr_rules.h"
#include "vmx/guest_mode.h"
#include "vmx/state.h"
#include "vmx/events/step.h"
#include "vmx/vm.h"
#include "vmx/vmx.h"

u64 vcpu_cr0(const struct vcpu *vcpu)
{
	return cr0_as_read(vcpu->paging.cr0, vmread(VMCS_GUEST_CR0));
}

u64 vcpu_cr4(const struct vcpu *vcpu)
{
	return cr4_as_read(vcpu->paging.cr4, vmread(VMCS_GUEST_CR4));
}

static void store_control_registers(const struct vcpu *vcpu)
{
	const struct vmx_capabilities *c = vmx_capabilities();
	u64 cr0 = vcpu->paging.cr0, cr4 = vcpu->paging.cr4;

	vmwrite(VMCS_CR0_GUEST_HOST_MASK, ~CR0_GUEST_OWNED);
	vmwrite(VMCS_CR0_READ_SHADOW, cr0);
	vmwrite(VMCS_CR4_READ_SHADOW, cr4);
	vmwrite(VMCS_GUEST_CR0, cr0_at_entry(cr0) | c->cr0_fixed0);
	vmwrite(VMCS_GUEST_CR4,
		(cr4_at_entry(cr0, cr4) | vcpu->cr4_added | c->cr4_fixed0) &
			c->cr4_fixed1);
}

static void store_efer(struct vcpu *vcpu)
{
	const struct mmu_cpu *paging = &vcpu->paging;
	u64 efer = efer_at_entry(paging->cr0, paging->cr4, paging->efer);
	u32 entry = vcpu->controls.value[CONTROLS_ENTRY];

	vmwrite(VMCS_VM_ENTRY_CONTROLS,
		efer & EFER_LMA ? entry | ENTRY_IA32E_MODE_GUEST : entry);
	if (vcpu->efer_area)
		*vcpu->efer_area = efer;
	else
		vmwrite(VMCS_GUEST_IA32_EFER, efer);
}

void vcpu_store_paging(struct vcpu *vcpu)
{
	u32 tr = vmread(VMCS_GUEST_TR_ACCESS_RIGHTS);

	store_control_registers(vcpu);
	store_efer(vcpu);
	vmwrite_changed(VMCS_GUEST_TR_ACCESS_RIGHTS, tr,
			tr_rights_at_entry(vcpu->paging.efer, tr));
}

void vcpu_set_cpu_controls(struct vcpu *vcpu, u32 which, u32 on)
{
	u32 *controls = &vcpu->controls.value[CONTROLS_CPU];
	u32 wanted = (*controls & ~which) | (on & which);

	if (wanted == *controls)
		return;
	*controls = wanted;
	vmwrite(VMCS_PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, wanted);
}

void vcpu_set_rflags(u64 before, u64 rflags)
{
	vmwrite_changed(VMCS_GUEST_RFLAGS, before, rflags);
}

void vcpu_set_nmi_blocking(bool blocked)
{
	u32 state = vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE);

	vmwrite_changed(VMCS_GUEST_INTERRUPTIBILITY_STATE, state,
			blocked ? state | BLOCKING_BY_NMI
				: state & ~BLOCKING_BY_NMI);
}

void vcpu_end_blocking(void)
{
	u32 state = vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE);

	vmwrite_changed(VMCS_GUEST_INTERRUPTIBILITY_STATE, state,
			step_interruptibility(state));
}

u64 vcpu_dr7(struct vcpu *vcpu)
{
	u64 dr7;

	if (!vcpu->vm->gdb.points.active &&
	    vmx_has(&vcpu->controls, CONTROLS_CPU, CPU_MOV_DR_EXITING))
		return 0;
	dr7 = vmread(VMCS_GUEST_DR7);
	if (dr7 & DR7_ENABLED)
		return dr7;
	vcpu_set_cpu_control(vcpu, CPU_MOV_DR_EXITING, true);
	return 0;
}

void vcpu_arm_breakpoints(struct vcpu *vcpu, struct breakpoints *b)
{
	b->hits = 0;
	b->dr7 = vcpu_dr7(vcpu);
	if (!b->dr7)
		return;
	b->io = vcpu->paging.cr4 & CR4_DE;
	b->address[0] = dr0_read();
	b->address[1] = dr1_read();
	b->address[2] = dr2_read();
	b->address[3] = dr3_read();
}

void vcpu_load_regs(struct vcpu *vcpu)
{
	vcpu->regs.rip = vcpu->exit.rip;
	vcpu->regs.rflags = vmread(VMCS_GUEST_RFLAGS);
	vcpu->regs.gpr[RSP] = vmread(VMCS_GUEST_RSP);
}

void vcpu_store_regs(const struct vcpu *vcpu)
{
	vmwrite(VMCS_GUEST_RIP, vcpu->regs.rip);
	vmwrite(VMCS_GUEST_RFLAGS, vcpu->regs.rflags);
	vmwrite(VMCS_GUEST_RSP, vcpu->regs.gpr[RSP]);
}

enum insn_mode vcpu_code_mode_by_cs(const struct vcpu *vcpu)
{
	return code_mode(vcpu->paging.efer,
			 vmread(VMCS_GUEST_CS_ACCESS_RIGHTS));
}

unsigned int vcpu_cpl(void)
{
	return AR_DPL(vmread(VMCS_GUEST_SS_ACCESS_RIGHTS));
}

u32 vcpu_data_access(void)
{
	return data_access(vcpu_cpl(), vmread(VMCS_GUEST_RFLAGS));
}
