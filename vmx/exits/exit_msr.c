/* SPDX-License-Identifier: MIT */
/* Exits of RDMSR, WRMSR, CPUID and XSETBV. */
#include "arch/x86/cpu.h"
#include "arch/x86/gpr.h"
#include "arch/x86/msr.h"
#include "arch/x86/time.h"
#include "vmx/vm.h"
#include "vmx/exits/handlers.h"
#include "vmx/events/inject.h"
#include "vmx/loop/schedule.h"
#include "vmx/events/skip.h"
#include "vmx/state.h"

/* Reads an MSR of MSR_ASK_VMX. Returns false if the guest has no such MSR. */
static bool read_by_vmx(const struct vcpu *vcpu, u32 index, u64 *value)
{
	switch (index) {
	case IA32_EFER:
		*value = vcpu->paging.efer;
		return true;
	case IA32_TIME_STAMP_COUNTER:
		*value = rdtsc() + vcpu->tsc_offset;
		return true;
	case IA32_TSC_ADJUST:
		*value = vcpu->tsc_offset;
		return true;
	default:
		return false;
	}
}

/*
 * IA32_TSC_ADJUST holds the sum that writes of the TSC, or of this MSR itself,
 * have added to the TSC (SDM vol. 3B, 17.17.3). That is the offset: both are 0
 * at first.
 */
static void set_tsc_offset(struct vcpu *vcpu, u64 offset)
{
	vcpu->tsc_offset = offset;
	vmwrite(VMCS_TSC_OFFSET, offset);
	lapic_tsc_changed(&vcpu->vm->devices.lapic, time_ns());
	vm_devices_changed(vcpu->vm);
}

static bool write_by_vmx(struct vcpu *vcpu, u32 index, u64 value)
{
	struct cr_state state = {
		.cr0 = vcpu->paging.cr0,
		.cr4 = vcpu->paging.cr4,
		.efer = vcpu->paging.efer,
	};

	switch (index) {
	case IA32_EFER:
		if (!efer_load_valid(&state, value, &vcpu->vm->features))
			return false;
		mmu_set_state(&vcpu->paging, vcpu_cr0(vcpu), vcpu->paging.cr3,
			      vcpu_cr4(vcpu),
			      efer_after_write(state.efer, value), NULL);
		vcpu_store_paging(vcpu);
		return true;
	case IA32_TIME_STAMP_COUNTER:
		set_tsc_offset(vcpu, value - rdtsc());
		return true;
	case IA32_TSC_ADJUST:
		set_tsc_offset(vcpu, value);
		return true;
	default:
		return false;
	}
}

static bool write_by_devices(struct vcpu *vcpu, u32 index, u64 value)
{
	struct vm *vm = vcpu->vm;
	gpa_t before = lapic_page(&vm->devices.lapic);
	bool done = devices_write_msr(&vm->devices, index, value, time_ns());

	vm_devices_changed(vm);
	if (guest_memory_uncovers(&vm->memory, before,
				  lapic_page(&vm->devices.lapic)))
		mmu_frames_changed(&vcpu->paging);
	return done;
}

static bool read_msr(struct vcpu *vcpu, u32 index, u64 *value)
{
	switch (guest_msr_read(&vcpu->vm->msrs, index, value)) {
	case MSR_DONE:
		return true;
	case MSR_ASK_VMX:
		return read_by_vmx(vcpu, index, value);
	case MSR_ASK_DEVICES:
		return devices_read_msr(&vcpu->vm->devices, index, value,
					time_ns());
	case MSR_ASK_PROCESSOR:
		return msr_read_safe(index, value);
	case MSR_FAULT:
		break;
	}
	return false;
}

static bool write_msr(struct vcpu *vcpu, u32 index, u64 value)
{
	switch (guest_msr_write(&vcpu->vm->msrs, index, value)) {
	case MSR_DONE:
		/* IA32_MISC_ENABLE can hide a bit that EFER then refuses. */
		if (index == IA32_MISC_ENABLE)
			vm_find_features(vcpu->vm);
		return true;
	case MSR_ASK_VMX:
		return write_by_vmx(vcpu, index, value);
	case MSR_ASK_DEVICES:
		return write_by_devices(vcpu, index, value);
	case MSR_ASK_PROCESSOR:
		return msr_write_safe(index, value);
	case MSR_FAULT:
		break;
	}
	return false;
}

void vmx_handle_rdmsr(struct vcpu *vcpu)
{
	u64 value;

	vcpu->record->detail = (u32)vcpu->regs.gpr[RCX];
	if (!read_msr(vcpu, (u32)vcpu->regs.gpr[RCX], &value)) {
		vcpu_inject_gp(vcpu);
		return;
	}
	write_edx_eax(&vcpu->regs, value);
	vcpu_skip_instruction(vcpu);
}

void vmx_handle_wrmsr(struct vcpu *vcpu)
{
	vcpu->record->detail = (u32)vcpu->regs.gpr[RCX];
	if (write_msr(vcpu, (u32)vcpu->regs.gpr[RCX],
		      read_edx_eax(&vcpu->regs)))
		vcpu_skip_instruction(vcpu);
	else
		vcpu_inject_gp(vcpu);
}

void vmx_handle_cpuid(struct vcpu *vcpu)
{
	const u64 *gpr = vcpu->regs.gpr;
	u32 leaf = cpuid_answering_leaf(gpr[RAX], vcpu->vm->cpuid.misc_enable);
	struct cpuid_regs out;

	vcpu->record->detail = (u32)gpr[RAX];
	vm_cpuid(vcpu->vm, leaf, gpr[RCX], &out);
	if (vcpu->vm->counters)
		vmx_cpuid_counters(vcpu->vm, gpr[RAX], gpr[RCX], &out);
	cpuid_write_gprs(&vcpu->regs, &out);
	vcpu_skip_instruction(vcpu);
}

/*
 * XSETBV exits at any CPL, and before its own checks except that for #UD (SDM
 * vol. 3C, 25.1.2). Umbra uses no extended state, so XCR0 is the guest's.
 */
void vmx_handle_xsetbv(struct vcpu *vcpu)
{
	const u64 *gpr = vcpu->regs.gpr;
	u64 value = read_edx_eax(&vcpu->regs);

	if (!xsetbv_valid(vcpu_cpl(), (u32)gpr[RCX], value,
			  &vcpu->vm->features) ||
	    !xcr0_write_safe(value)) {
		vcpu_inject_gp(vcpu);
		return;
	}
	vcpu_skip_instruction(vcpu);
}
