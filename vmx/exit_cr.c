/* SPDX-License-Identifier: MIT */
/* Exits of MOV to and from control registers, CLTS and LMSW. */
#include "vmx/vm.h"
#include "vmx/cr_rules.h"
#include "vmx/exit.h"
#include "vmx/inject.h"
#include "vmx/state.h"

#define CR8_TPR BITS(3, 0)

static struct cr_state cr_state(const struct vcpu *vcpu)
{
	return (struct cr_state){
		.cr0 = vcpu_cr0(vcpu),
		.cr4 = vcpu->mmu.cr4,
		.efer = vcpu->mmu.efer,
		.cs_long = vmread(VMCS_GUEST_CS_ACCESS_RIGHTS) & AR_L,
	};
}

/* Changes of these reload the PDPTEs (SDM vol. 3A, 4.4.1). */
#define CR0_RELOADS_PDPTES (CR0_PG | CR0_CD | CR0_NW)
#define CR4_RELOADS_PDPTES (CR4_PAE | CR4_PGE | CR4_PSE | CR4_SMEP)

/*
 * The guest loads control registers, with EFER.LMA as follows from it; the
 * rules for their bits hold. With PAE paging the PDPTEs may come with it, and
 * they can refuse: then it is #GP(0), and nothing has changed.
 */
static void set_control(struct vcpu *vcpu, u64 cr0, u64 cr3, u64 cr4, u64 efer,
			bool moves_cr3)
{
	u64 changed_0 = cr0 ^ vcpu_cr0(vcpu), changed_4 = cr4 ^ vcpu->mmu.cr4;
	bool loads = paging_mode(cr0, cr4, efer) == PAGING_PAE &&
		     (moves_cr3 || (changed_0 & CR0_RELOADS_PDPTES) ||
		      (changed_4 & CR4_RELOADS_PDPTES));
	u64 pdpte[PAE_PDPTES];

	if (loads && !mmu_read_pdptes(vcpu->vm->mmu, cr3, pdpte)) {
		vcpu_inject_gp(vcpu);
		return;
	}
	vcpu_skip_instruction(vcpu);
	if (moves_cr3) /* nothing else has changed */
		mmu_set_state(&vcpu->mmu, cr0, cr3, cr4, efer,
			      loads ? pdpte : NULL);
	else
		vcpu_set_state(vcpu, cr0, cr3, cr4, efer, loads ? pdpte : NULL);
}

static void load_cr0(struct vcpu *vcpu, u64 value)
{
	struct cr_state state = cr_state(vcpu);
	u64 efer;

	if (!cr0_load_valid(&state, value)) {
		vcpu_inject_gp(vcpu);
		return;
	}
	/* ET is fixed; undefined bits are ignored (SDM vol. 3A, 2.5). */
	value = (value & CR0_DEFINED) | CR0_ET;
	efer = efer_after_cr0(state.efer, value);
	if (!(value & CR0_PE))
		return vmx_stop_guest(vcpu, "the guest enters real-address "
					    "mode (CR0.PE=0): not there yet");
	return set_control(vcpu, value, vcpu->mmu.cr3, state.cr4, efer, false);
}

static void load_cr3(struct vcpu *vcpu, u64 value)
{
	struct cr_state state = cr_state(vcpu);

	if (!cr3_load_valid(&state, value, vcpu->vm->features.maxphyaddr)) {
		vcpu_inject_gp(vcpu);
		return;
	}
	return set_control(vcpu, state.cr0, value, state.cr4, state.efer, true);
}

static void load_cr4(struct vcpu *vcpu, u64 value)
{
	struct cr_state state = cr_state(vcpu);

	if (!cr4_load_valid(&state, value, &vcpu->vm->features)) {
		vcpu_inject_gp(vcpu);
		return;
	}
	return set_control(vcpu, state.cr0, vcpu->mmu.cr3, value, state.efer,
			   false);
}

static void load_cr8(struct vcpu *vcpu, u64 value)
{
	if (value & ~CR8_TPR) {
		vcpu_inject_gp(vcpu);
		return;
	}
	lapic_set_cr8(&vcpu->vm->devices.lapic, value);
	vcpu_skip_instruction(vcpu);
}

static u64 get_register(const struct vcpu *vcpu, enum gpr gpr)
{
	u64 value = gpr == RSP ? vmread(VMCS_GUEST_RSP) : vcpu->regs.gpr[gpr];

	return vcpu_code_mode(vcpu) == INSN_MODE_64 ? value : (u32)value;
}

static void set_register(struct vcpu *vcpu, enum gpr gpr, u64 value)
{
	if (vcpu_code_mode(vcpu) != INSN_MODE_64)
		value = (u32)value;
	if (gpr == RSP)
		vmwrite(VMCS_GUEST_RSP, value);
	else
		vcpu->regs.gpr[gpr] = value;
}

static void mov_to_cr(struct vcpu *vcpu, u64 qualification)
{
	u64 value = get_register(vcpu, QUAL_CR_GPR(qualification));

	switch (QUAL_CR_NUMBER(qualification)) {
	case 0:
		return load_cr0(vcpu, value);
	case 3:
		return load_cr3(vcpu, value);
	case 4:
		return load_cr4(vcpu, value);
	case 8:
		return load_cr8(vcpu, value);
	default:
		return vmx_stop_guest(vcpu, "MOV to a control register that "
					    "does not exit");
	}
}

static void mov_from_cr(struct vcpu *vcpu, u64 qualification)
{
	enum gpr gpr = QUAL_CR_GPR(qualification);

	switch (QUAL_CR_NUMBER(qualification)) {
	case 3:
		set_register(vcpu, gpr, vcpu->mmu.cr3);
		break;
	case 8:
		set_register(vcpu, gpr, lapic_cr8(&vcpu->vm->devices.lapic));
		break;
	default:
		return vmx_stop_guest(vcpu, "MOV from a control register that "
					    "does not exit");
	}
	vcpu_skip_instruction(vcpu);
}

void vmx_handle_cr_access(struct vcpu *vcpu)
{
	u64 qualification = vcpu->exit.qualification;
	const u64 msw = CR0_PE | CR0_MP | CR0_EM | CR0_TS;
	u64 cr0 = vcpu_cr0(vcpu);

	switch (QUAL_CR_TYPE(qualification)) {
	case CR_ACCESS_MOV_TO:
		return mov_to_cr(vcpu, qualification);
	case CR_ACCESS_MOV_FROM:
		return mov_from_cr(vcpu, qualification);
	case CR_ACCESS_CLTS:
		return load_cr0(vcpu, cr0 & ~CR0_TS);
	case CR_ACCESS_LMSW:
		/* It can set PE but not clear it (SDM vol. 2A, LMSW). */
		return load_cr0(
			vcpu, (cr0 & ~(msw & ~CR0_PE)) |
				      (QUAL_LMSW_SOURCE(qualification) & msw));
	}
}
