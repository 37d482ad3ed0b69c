/* SPDX-License-Identifier: MIT */
/*
 * The virtual processor's state between the VMCS and Umbra: what the processor
 * must run with so that the guest sees what it has set.
 */
#include "arch/x86/cpu.h"
#include "vmx/state.h"
#include "vmx/vmx.h"

/* GUEST_PENDING_DEBUG_EXCEPTIONS, SDM vol. 3C, table 24-4. */
#define PENDING_DEBUG_BS BIT(14)

u64 vcpu_cr0(const struct vcpu *vcpu)
{
	return (vcpu->mmu.cr0 & ~CR0_GUEST_OWNED) |
	       (vmread(VMCS_GUEST_CR0) & CR0_GUEST_OWNED);
}

/*
 * A guest without paging still runs paged: VMX without unrestricted guest
 * demands PE and PG (SDM vol. 3D, A.7), and the shadow of an unpaged address
 * space is a PAE table. WP is always on: guest tables are write-protected from
 * the supervisor above all. SMEP and SMAP judge user pages, of which an
 * unpaged guest has none, though its shadow does.
 */
static void apply_control_registers(const struct vcpu *vcpu)
{
	const struct vmx_capabilities *c = vmx_capabilities();
	u64 cr0 = vcpu->mmu.cr0, cr4 = vcpu->mmu.cr4;

	vmwrite(VMCS_CR0_GUEST_HOST_MASK, ~CR0_GUEST_OWNED);
	vmwrite(VMCS_CR0_READ_SHADOW, cr0);
	vmwrite(VMCS_CR4_READ_SHADOW, cr4);
	if (!(cr0 & CR0_PG))
		cr4 &= ~(CR4_SMEP | CR4_SMAP);
	/* The cache is Umbra's to disable; entries ignore CD and NW anyway. */
	cr0 &= ~(CR0_CD | CR0_NW);
	vmwrite(VMCS_GUEST_CR0,
		cr0 | CR0_PE | CR0_PG | CR0_NE | CR0_WP | c->cr0_fixed0);
	/* With MCE=0 a machine check would shut the processor down. */
	vmwrite(VMCS_GUEST_CR4,
		(cr4 | CR4_PAE | CR4_MCE | CR4_VMXE | c->cr4_fixed0) &
			c->cr4_fixed1);
}

/*
 * While the guest runs on PAE or 4-level paging NXE is its own (invariant 8);
 * to 32-bit paging it means nothing, but to the shadow of it, which is PAE, it
 * would. LME and LMA are one while CR0.PG is set, as it is for VMX (SDM vol.
 * 3C, 26.3.1.1).
 */
static void apply_efer(struct vcpu *vcpu)
{
	u64 efer = vcpu->mmu.efer & EFER_SCE;
	u32 entry = vcpu->controls.value[CONTROLS_ENTRY];

	if ((vcpu->mmu.cr0 & CR0_PG) && (vcpu->mmu.cr4 & CR4_PAE))
		efer |= vcpu->mmu.efer & EFER_NXE;
	if (vcpu->mmu.efer & EFER_LMA) {
		efer |= EFER_LME | EFER_LMA;
		entry |= ENTRY_IA32E_MODE_GUEST;
	}
	vmwrite(VMCS_VM_ENTRY_CONTROLS, entry);
	if (vcpu->efer_area)
		*vcpu->efer_area = efer;
	else
		vmwrite(VMCS_GUEST_IA32_EFER, efer);
}

void vcpu_set_state(struct vcpu *vcpu, u64 cr0, u64 cr3, u64 cr4, u64 efer,
		    const u64 *pdpte)
{
	mmu_set_state(&vcpu->mmu, cr0, cr3, cr4, efer, pdpte);
	vcpu_apply_state(vcpu);
}

void vcpu_apply_state(struct vcpu *vcpu)
{
	u32 tr = vmread(VMCS_GUEST_TR_ACCESS_RIGHTS);

	apply_control_registers(vcpu);
	apply_efer(vcpu);
	/*
	 * Entering long mode leaves TR alone, but a VM entry to it demands a
	 * 64-bit TSS (SDM vol. 3C, 26.3.1.2). The two differ in the type only.
	 */
	if ((vcpu->mmu.efer & EFER_LMA) && AR_TYPE(tr) == AR_TSS16_BUSY)
		vmwrite(VMCS_GUEST_TR_ACCESS_RIGHTS,
			(tr & ~AR_TYPE_MASK) | AR_TSS_BUSY);
}

void vcpu_set_cpu_control(struct vcpu *vcpu, u32 control, bool on)
{
	u32 *controls = &vcpu->controls.value[CONTROLS_CPU];
	u32 wanted = on ? *controls | control : *controls & ~control;

	if (wanted == *controls)
		return;
	*controls = wanted;
	vmwrite(VMCS_PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, wanted);
}

void vcpu_end_blocking(void)
{
	u32 state = vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE);

	if (state & (BLOCKING_BY_STI | BLOCKING_BY_MOV_SS))
		vmwrite(VMCS_GUEST_INTERRUPTIBILITY_STATE,
			state & ~(BLOCKING_BY_STI | BLOCKING_BY_MOV_SS));
}

void vcpu_end_step(u64 rflags)
{
	vcpu_end_blocking();
	if (rflags & RFLAGS_TF)
		vmwrite(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS,
			vmread(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS) |
				PENDING_DEBUG_BS);
}

void vcpu_skip_instruction(struct vcpu *vcpu)
{
	u64 rip = vcpu->exit.rip + vmread(VMCS_VM_EXIT_INSTRUCTION_LENGTH);
	u64 rflags = vmread(VMCS_GUEST_RFLAGS);

	if (vcpu_code_mode(vcpu) != INSN_MODE_64)
		rip = (u32)rip;
	vmwrite(VMCS_GUEST_RIP, rip);
	if (rflags & RFLAGS_RF)
		vmwrite(VMCS_GUEST_RFLAGS, rflags & ~RFLAGS_RF);
	vcpu_end_step(rflags);
}

void vcpu_finish_emulated(struct vcpu *vcpu)
{
	vcpu_store_regs(vcpu);
	vcpu_end_step(vcpu->regs.rflags);
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

enum insn_mode vcpu_code_mode(const struct vcpu *vcpu)
{
	u32 rights = vmread(VMCS_GUEST_CS_ACCESS_RIGHTS);

	if ((vcpu->mmu.efer & EFER_LMA) && (rights & AR_L))
		return INSN_MODE_64;
	return rights & AR_DB ? INSN_MODE_32 : INSN_MODE_16;
}

void vcpu_segment_bases(const struct vcpu *vcpu, u64 base[SEG_COUNT])
{
	bool long_mode = vcpu_code_mode(vcpu) == INSN_MODE_64;

	/* In 64-bit mode only FS and GS have bases (SDM vol. 1, 3.4.2.1). */
	for (enum segment segment = SEG_ES; segment < SEG_COUNT; segment++)
		base[segment] =
			long_mode && segment < SEG_FS
				? 0
				: vmread(VMCS_GUEST_ES_BASE + 2 * segment);
}

void vcpu_segments(const struct vcpu *vcpu, struct emul_segments *segments)
{
	vcpu_segment_bases(vcpu, segments->base);
	for (enum segment segment = SEG_ES; segment < SEG_COUNT; segment++) {
		u32 offset = 2 * segment;

		segments->selector[segment] =
			vmread(VMCS_GUEST_ES_SELECTOR + offset);
		segments->limit[segment] = vmread(VMCS_GUEST_ES_LIMIT + offset);
		segments->rights[segment] =
			vmread(VMCS_GUEST_ES_ACCESS_RIGHTS + offset);
	}
}

unsigned int vcpu_cpl(void)
{
	return AR_DPL(vmread(VMCS_GUEST_SS_ACCESS_RIGHTS));
}

u32 vcpu_data_access(void)
{
	if (vcpu_cpl() == 3)
		return PFEC_U;
	return vmread(VMCS_GUEST_RFLAGS) & RFLAGS_AC ? WALK_AC : 0;
}
