/* SPDX-License-Identifier: MIT */
/* The MSR policy: see msr.h. Numbers and fields: SDM vol. 4, table 2-2. */
#include "guest/msr.h"

#include "arch/x86/msr.h"

#define MISC_ENABLE_FAST_STRINGS BIT(0)
#define MISC_ENABLE_NO_BTS BIT(11)
#define MISC_ENABLE_NO_PEBS BIT(12)
#define MICROCODE_REVISION BIT(32) /* revision 1, in the high half */

/* They would switch what a guest has not: there is nothing behind them. */
#define MISC_ENABLE_EMPTY                                                      \
	(BIT(3) /* thermal control */ | BIT(16) /* SpeedStep */ |              \
	 BIT(18) /* MONITOR */ | BIT(23) /* no task-priority messages */)

#define PAT_AFTER_RESET 0x0007040600070406 /* SDM vol. 3A, 11.12.4 */

#define MSR(msr) .index = (msr), .name = #msr

/*
 * Not here, among others: the MTRRs and machine-check banks
 * (CPUID shows none of them), IA32_FEATURE_CONTROL (nor VMX), IA32_SPEC_CTRL
 * and its kin (nor IBRS; a guest must not steer what Umbra itself relies on),
 * IA32_XSS, the counters.
 */
static const struct msr_policy table[] = {
	{ MSR(IA32_EFER), .kind = MSR_BY_VMX,
	  .why = "it changes the paging mode, so the MMU must know" },
	{ MSR(IA32_TIME_STAMP_COUNTER), .kind = MSR_BY_VMX,
	  .why = "a write moves the TSC offset, not the machine's TSC" },
	{ MSR(IA32_TSC_ADJUST), .kind = MSR_BY_VMX,
	  .why = "it is the TSC offset" },
	{ MSR(IA32_APIC_BASE), .kind = MSR_BY_DEVICES,
	  .why = "the local APIC's mode and place" },
	{ MSR(IA32_TSC_DEADLINE), .kind = MSR_BY_DEVICES,
	  .why = "the local APIC's timer" },
	{ MSR(IA32_X2APIC_FIRST), .kind = MSR_BY_DEVICES,
	  .why = "the local APIC's registers; it knows which there are",
	  .last = IA32_X2APIC_LAST },
	{ MSR(IA32_FS_BASE), .kind = MSR_PASSTHROUGH,
	  .why = "a field of the guest's state in the VMCS" },
	{ MSR(IA32_GS_BASE), .kind = MSR_PASSTHROUGH,
	  .why = "a field of the guest's state in the VMCS" },
	{ MSR(IA32_SYSENTER_CS), .kind = MSR_PASSTHROUGH,
	  .why = "a field of the guest's state in the VMCS" },
	{ MSR(IA32_SYSENTER_ESP), .kind = MSR_PASSTHROUGH,
	  .why = "a field of the guest's state in the VMCS" },
	{ MSR(IA32_SYSENTER_EIP), .kind = MSR_PASSTHROUGH,
	  .why = "a field of the guest's state in the VMCS" },
	{ MSR(IA32_KERNEL_GS_BASE), .kind = MSR_PASSTHROUGH,
	  .why = "SWAPGS changes it with no exit; Umbra does not use it" },
	{ MSR(IA32_STAR), .kind = MSR_PASSTHROUGH,
	  .why = "only SYSCALL uses it, and Umbra has no user mode" },
	{ MSR(IA32_LSTAR), .kind = MSR_PASSTHROUGH,
	  .why = "only SYSCALL uses it, and Umbra has no user mode" },
	{ MSR(IA32_CSTAR), .kind = MSR_PASSTHROUGH,
	  .why = "only SYSCALL uses it, and Umbra has no user mode" },
	{ MSR(IA32_FMASK), .kind = MSR_PASSTHROUGH,
	  .why = "only SYSCALL uses it, and Umbra has no user mode" },
	{ MSR(IA32_TSC_AUX), .kind = MSR_PASSTHROUGH_RDTSCP,
	  .why = "only RDTSCP and RDPID read it, and Umbra uses neither" },
	{ MSR(IA32_MISC_ENABLE), .kind = MSR_VALUE,
	  .why = "no BTS, no PEBS; it takes out of CPUID; the machine's stays",
	  .initial = MISC_ENABLE_FAST_STRINGS | MISC_ENABLE_NO_BTS |
		     MISC_ENABLE_NO_PEBS,
	  .writable = MISC_ENABLE_FAST_STRINGS | MISC_ENABLE_EMPTY |
		      MISC_ENABLE_LIMIT_CPUID | MISC_ENABLE_XD_DISABLE },
	{ MSR(IA32_PAT), .kind = MSR_VALUE,
	  .why = "kept; a guest's memory is WB, which only its speed could tell",
	  .initial = PAT_AFTER_RESET, .writable = ~0ULL,
	  .is_valid = pat_is_valid },
	{ MSR(IA32_MCG_CAP), .kind = MSR_VALUE,
	  .why = "0 banks of machine checks, for who asks without CPUID" },
	{ MSR(IA32_PLATFORM_ID), .kind = MSR_VALUE,
	  .why = "microcode loaders read it without asking CPUID" },
	{ MSR(IA32_BIOS_SIGN_ID), .kind = MSR_VALUE,
	  .why = "kernels write 0 and read the microcode's revision",
	  .initial = MICROCODE_REVISION, .ignore = true },
	{ MSR(IA32_BIOS_UPDT_TRIG), .kind = MSR_VALUE,
	  .why = "the microcode is the machine's; an update is ignored",
	  .ignore = true },
	{ MSR(IA32_DEBUGCTL), .kind = MSR_VALUE,
	  .why = "kernels clear it; branch recording and stepping are not there" },
	{ MSR(IA32_PERF_STATUS), .kind = MSR_VALUE,
	  .why = "kernels read the bus clock's ratio; 0: not known" },
};

_Static_assert(ARRAY_SIZE(table) <= GUEST_MSR_VALUES,
	       "struct guest_msrs has a value for each entry");

const struct msr_policy *msr_policy_table(size_t *count)
{
	*count = ARRAY_SIZE(table);
	return table;
}

void guest_msrs_init(struct guest_msrs *msrs, bool rdtscp)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		msrs->values[i] = table[i].initial;
	msrs->rdtscp = rdtscp;
}

/* Finds the entry, and who is to answer; MSR_DONE: we are. */
static enum msr_result find(const struct guest_msrs *msrs, u32 index,
			    size_t *position)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (index < table[i].index ||
		    index > MAX(table[i].last, table[i].index))
			continue;
		*position = i;
		switch (table[i].kind) {
		case MSR_PASSTHROUGH:
			return MSR_ASK_PROCESSOR;
		case MSR_PASSTHROUGH_RDTSCP:
			return msrs->rdtscp ? MSR_ASK_PROCESSOR : MSR_FAULT;
		case MSR_BY_VMX:
			return MSR_ASK_VMX;
		case MSR_BY_DEVICES:
			return MSR_ASK_DEVICES;
		case MSR_VALUE:
			return MSR_DONE;
		}
	}
	return MSR_FAULT;
}

enum msr_result guest_msr_read(const struct guest_msrs *msrs, u32 index,
			       u64 *value)
{
	size_t i;
	enum msr_result result = find(msrs, index, &i);

	if (result == MSR_DONE)
		*value = msrs->values[i];
	return result;
}

enum msr_result guest_msr_write(struct guest_msrs *msrs, u32 index, u64 value)
{
	size_t i;
	enum msr_result result = find(msrs, index, &i);
	u64 kept;

	if (result != MSR_DONE)
		return result;
	if (table[i].is_valid && !table[i].is_valid(value))
		return MSR_FAULT;
	kept = msrs->values[i] & ~table[i].writable;
	if ((value & ~table[i].writable) != kept && !table[i].ignore)
		return MSR_FAULT;
	msrs->values[i] = kept | (value & table[i].writable);
	return MSR_DONE;
}

u64 guest_misc_enable(const struct guest_msrs *msrs)
{
	u64 value = 0;

	guest_msr_read(msrs, IA32_MISC_ENABLE, &value);
	return value;
}
