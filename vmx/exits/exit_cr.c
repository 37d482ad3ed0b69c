/* SPDX-License-Identifier: MIT */
/* Exits of MOV to and from control registers, CLTS and LMSW. */
#include "vmx/vm.h"
#include "vmx/cr_rules.h"
#include "vmx/exits/handlers.h"
#include "vmx/guest_mode.h"
#include "vmx/events/inject.h"
#include "vmx/events/skip.h"
#include "vmx/state.h"
#include "vmx/stop.h"

/* Reads the state that a load of control register @number looks at. */
static struct cr_state read_state(const struct vcpu *vcpu, unsigned int number)
{
	const struct mmu_cpu *paging = &vcpu->paging;
	struct cr_state state = {
		.cr0 = paging->cr0,
		.cr3 = paging->cr3,
		.cr4 = paging->cr4,
		.efer = paging->efer,
	};

	/* A load of CR3 looks at no bit that the guest owns. */
	if (number == 3)
		return state;
	state.cr0 = vcpu_cr0(vcpu);
	state.cr4 = vcpu_cr4(vcpu);
	state.cs_long = vmread(VMCS_GUEST_CS_ACCESS_RIGHTS) & AR_L;
	return state;
}

/*
 * Loads CR0, CR3 or CR4. With PAE paging this may load the PDPTEs, too; if they
 * are not valid, it raises #GP(0) and changes nothing.
 */
static void load_register(struct vcpu *vcpu, unsigned int number, u64 value)
{
	struct cr_state state = read_state(vcpu, number);
	u64 pdptes[PAE_PDPTES], *loaded = NULL;

	switch (cr_load(&state, number, value, &vcpu->vm->features)) {
	case CR_LOADED:
		break;
	case CR_LOADED_WITH_PDPTES:
		if (!mmu_read_pdptes(vcpu->vm->mmu, state.cr3, pdptes))
			return vcpu_inject_gp(vcpu);
		loaded = pdptes;
		break;
	case CR_FAULT:
		return vcpu_inject_gp(vcpu);
	case CR_REAL_MODE:
		return vmx_stop_guest(vcpu, "the guest enters real-address "
					    "mode (CR0.PE=0), which Umbra "
					    "can't run");
	case CR_NO_EXIT:
		return vmx_stop_guest(vcpu, "MOV to a control register that "
					    "does not exit");
	}
	vcpu_skip_instruction(vcpu);
	mmu_set_state(&vcpu->paging, state.cr0, state.cr3, state.cr4,
		      state.efer, loaded);
	if (number != 3) /* the guest's is not in the VMCS */
		vcpu_store_paging(vcpu);
}

static void load_cr8(struct vcpu *vcpu, u64 value)
{
	if (value & ~CR8_TPR)
		return vcpu_inject_gp(vcpu);
	devices_set_cr8(&vcpu->vm->devices, value);
	vcpu_skip_instruction(vcpu);
}

/*
 * Returns the part of @value that MOV moves: 64 bits in 64-bit mode, else 32.
 * The mode is not read if the upper half is 0.
 */
static u64 operand_value(const struct vcpu *vcpu, u64 value)
{
	return value >> 32 ? mov_cr_value(vcpu_code_mode(vcpu), value) : value;
}

/* Returns the operand of MOV to a control register. */
static u64 operand(const struct vcpu *vcpu, u64 qualification)
{
	enum gpr gpr = QUAL_CR_GPR(qualification);

	return operand_value(vcpu, gpr == RSP ? vmread(VMCS_GUEST_RSP)
					      : vcpu->regs.gpr[gpr]);
}

/*
 * Most accesses: in long mode CR3 has no PDPTEs, and changes nothing else. All
 * of its lower 32 bits are allowed.
 */
static __forceinline void load_long_cr3(struct vcpu *vcpu, u64 value)
{
	if (value >> 32 &&
	    !cr3_valid_in_long_mode(value, vcpu->vm->features.maxphyaddr))
		return vcpu_inject_gp(vcpu);
	vcpu_skip_instruction(vcpu);
	mmu_set_cr3(&vcpu->paging, value);
}

static void mov_to_cr(struct vcpu *vcpu, u64 qualification)
{
	unsigned int number = QUAL_CR_NUMBER(qualification);
	u64 value = operand(vcpu, qualification);

	if (number == 8)
		return load_cr8(vcpu, value);
	return load_register(vcpu, number, value);
}

static void mov_from_cr(struct vcpu *vcpu, u64 qualification)
{
	enum gpr gpr = QUAL_CR_GPR(qualification);
	u64 value;

	switch (QUAL_CR_NUMBER(qualification)) {
	case 3:
		value = operand_value(vcpu, vcpu->paging.cr3);
		break;
	case 8:
		value = lapic_cr8(&vcpu->vm->devices.lapic);
		break;
	default:
		return vmx_stop_guest(vcpu, "MOV from a control register that "
					    "does not exit");
	}
	if (gpr == RSP)
		vmwrite(VMCS_GUEST_RSP, value);
	else
		vcpu->regs.gpr[gpr] = value;
	vcpu_skip_instruction(vcpu);
}

static __noinline void access_register(struct vcpu *vcpu, u64 qualification)
{
	switch (QUAL_CR_TYPE(qualification)) {
	case CR_ACCESS_MOV_TO:
		return mov_to_cr(vcpu, qualification);
	case CR_ACCESS_MOV_FROM:
		return mov_from_cr(vcpu, qualification);
	case CR_ACCESS_CLTS:
		return load_register(vcpu, 0, vcpu_cr0(vcpu) & ~CR0_TS);
	case CR_ACCESS_LMSW:
		return load_register(
			vcpu, 0,
			cr0_after_lmsw(vcpu_cr0(vcpu),
				       QUAL_LMSW_SOURCE(qualification)));
	}
}

void vmx_handle_cr_access(struct vcpu *vcpu)
{
	u64 qualification = vcpu->exit.qualification;

	if (QUAL_CR_ACCESS(qualification) == QUAL_CR_LOAD_CR3 &&
	    (vcpu->paging.efer & EFER_LMA))
		load_long_cr3(vcpu, operand(vcpu, qualification));
	else
		access_register(vcpu, qualification);
}
