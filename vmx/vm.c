/* SPDX-License-Identifier: MIT */
#include "arch/x86/cpu.h"
#include "arch/x86/cpuid.h"
#include "lib/printf.h"
#include "vmx/vm.h"

bool vm_is_ram(const struct vm *vm, gpa_t gpa)
{
	return (gpa & PAGE_MASK) != lapic_page(&vm->devices.lapic) &&
	       guest_memory_hfn(&vm->memory, gpa >> PAGE_SHIFT) != HFN_NONE;
}

void vm_cpuid(const struct vm *vm, u32 leaf, u32 subleaf,
	      struct cpuid_regs *out)
{
	struct cpuid_policy_input input = vm->cpuid;
	struct cpuid_result host = { 0 };

	if (leaf >= CPUID_HYPERVISOR || leaf <= vm->cpuid_last)
		host = cpuid(leaf, subleaf);
	input.cr4 = vm->vcpu.paging.cr4;
	input.apic = lapic_mode(&vm->devices.lapic) != LAPIC_DISABLED;
	cpuid_policy(
		leaf, subleaf,
		&(struct cpuid_regs){ host.eax, host.ebx, host.ecx, host.edx },
		&input, out);
}

void vm_find_features(struct vm *vm)
{
	struct cr_cpuid shown;

	vm->cpuid.misc_enable = guest_misc_enable(&vm->msrs);
	vm_cpuid(vm, CPUID_FEATURES, 0, &shown.features);
	vm_cpuid(vm, CPUID_FEATURES_7, 0, &shown.features_7);
	vm_cpuid(vm, CPUID_XSTATE, 0, &shown.xstate);
	vm_cpuid(vm, CPUID_EXT_FEATURES, 0, &shown.ext_features);
	vm_cpuid(vm, CPUID_ADDRESS_SIZE, 0, &shown.address_size);
	vm->features = cr_features_by_cpuid(&shown);
}

void vm_end(struct vm *vm, enum end_reason reason, int status)
{
	if (vm->ended)
		return;
	vm->ended = true;
	vm->end_reason = reason;
	vm->end_status = status;
}

void vm_end_by_user(struct vm *vm, enum end_reason reason)
{
	if (!vm->ended)
		snprintf(vm->end_why, sizeof(vm->end_why),
			 "asked for at the console");
	vm_end(vm, reason, 0);
}
