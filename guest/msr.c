/* SPDX-License-Identifier: MIT */
/* The MSR policy: see msr.h. Numbers and fields: SDM vol. 4, table 2-2. */
#include "guest/msr.h"

#include "arch/x86/msr.h"

#define MISC_ENABLE_FAST_STRINGS BIT(0)
#define MISC_ENABLE_NO_BTS BIT(11)
#define MISC_ENABLE_NO_PEBS BIT(12)
#define MICROCODE_REVISION BIT(32) /* revision 1, in the high half */

/* Bits that can be set, without an effect: a guest lacks their features. */
#define MISC_ENABLE_EMPTY                                                      \
	(BIT(3) /* thermal control */ | BIT(16) /* SpeedStep */ |              \
	 BIT(18) /* MONITOR */ | BIT(23) /* no task-priority messages */)

#define PAT_AFTER_RESET 0x0007040600070406 /* SDM vol. 3A, 11.12.4 */

#define VARIABLE_RANGES 8
#define ALL_WB 0x0606060606060606

static bool read_only(u32 index, u64 value)
{
	return false;
}

static bool pat_write_valid(u32 index, u64 value)
{
	return pat_is_valid(value);
}

/* Returns true if each byte of @value is a memory type. */
static bool types_valid(u32 index, u64 value)
{
	return memory_types_valid(value, MEMORY_WB);
}

static bool def_type_valid(u32 index, u64 value)
{
	return types_valid(index, value & MTRR_TYPE);
}

/* Even MSRs are bases, odd ones masks: SDM vol. 3A, figure 11-7. */
static bool variable_range_valid(u32 index, u64 value)
{
	u64 fields = value & ~MTRR_ADDRESS;

	if (index & 1)
		return !(fields & ~MTRR_PHYSMASK_VALID);
	return !(fields & ~MTRR_TYPE) && types_valid(index, fields);
}

#define MSRS(from, to) .first = (from), .last = (to)
#define MSR(msr) MSRS(msr, msr)

/*
 * Not here, among others: machine-check banks, IA32_FEATURE_CONTROL, and
 * IA32_SPEC_CTRL with its relatives, since CPUID shows no MCA, no VMX and no
 * IBRS (and a guest must not change the speculation that Umbra relies on);
 * IA32_XSS; the counters.
 */
static const struct msr_policy table[] = {
	/*
	 * The local APIC's timer, its registers, and its mode and place. A
	 * kernel sets the timer at each tick, so these come first.
	 */
	{ MSR(IA32_TSC_DEADLINE), .answer = MSR_ASK_DEVICES },
	{ MSRS(IA32_X2APIC_FIRST, IA32_X2APIC_LAST),
	  .answer = MSR_ASK_DEVICES },
	{ MSR(IA32_APIC_BASE), .answer = MSR_ASK_DEVICES },
	/* It changes the paging mode, so the MMU must know. */
	{ MSR(IA32_EFER), .answer = MSR_ASK_VMX },
	/* A write moves the TSC offset, not the machine's TSC. */
	{ MSR(IA32_TIME_STAMP_COUNTER), .answer = MSR_ASK_VMX },
	{ MSR(IA32_TSC_ADJUST), .answer = MSR_ASK_VMX }, /* the same offset */
	/* Fields of the guest's state in the VMCS. */
	{ MSRS(IA32_SYSENTER_CS, IA32_SYSENTER_EIP),
	  .answer = MSR_ASK_PROCESSOR },
	/*
	 * FS_BASE and GS_BASE are such fields, too. SWAPGS changes
	 * KERNEL_GS_BASE without an exit; Umbra does not use it.
	 */
	{ MSRS(IA32_FS_BASE, IA32_KERNEL_GS_BASE),
	  .answer = MSR_ASK_PROCESSOR },
	/* Only SYSCALL uses these, and Umbra has no user mode. */
	{ MSRS(IA32_STAR, IA32_FMASK), .answer = MSR_ASK_PROCESSOR },
	/* Only RDTSCP and RDPID read it, and Umbra uses neither. */
	{ MSR(IA32_TSC_AUX), .answer = MSR_ASK_PROCESSOR, .rdtscp = true },
	/*
	 * It says that there is no BTS and no PEBS, and can hide features from
	 * CPUID. The machine's own one stays as it is.
	 */
	{ MSR(IA32_MISC_ENABLE),
	  .initial = MISC_ENABLE_FAST_STRINGS | MISC_ENABLE_NO_BTS |
		     MISC_ENABLE_NO_PEBS,
	  .writable = MISC_ENABLE_FAST_STRINGS | MISC_ENABLE_EMPTY |
		      MISC_ENABLE_LIMIT_CPUID | MISC_ENABLE_XD_DISABLE },
	/* It is kept, but has no effect: a guest's memory is WB. */
	{ MSR(IA32_PAT), .initial = PAT_AFTER_RESET, .writable = ~0ULL,
	  .is_valid = pat_write_valid },
	/*
	 * Every processor with VMX has MTRRs, and Xen reads them. They are
	 * checked and kept, but have no effect: a guest's memory is WB.
	 */
	{ MSR(IA32_MTRRCAP),
	  .initial = VARIABLE_RANGES | MTRRCAP_FIXED | MTRRCAP_WC,
	  .is_valid = read_only },
	{ MSR(IA32_MTRR_DEF_TYPE),
	  .initial = MEMORY_WB | MTRR_DEF_TYPE_FIXED | MTRR_DEF_TYPE_ENABLE,
	  .writable = MTRR_TYPE | MTRR_DEF_TYPE_FIXED | MTRR_DEF_TYPE_ENABLE,
	  .is_valid = def_type_valid },
	{ MSRS(IA32_MTRR_PHYSBASE0,
	       IA32_MTRR_PHYSBASE0 + 2 * VARIABLE_RANGES - 1),
	  .writable = ~0ULL, .is_valid = variable_range_valid,
	  .physical = true },
	{ MSR(IA32_MTRR_FIX64K_00000), .initial = ALL_WB, .writable = ~0ULL,
	  .is_valid = types_valid },
	{ MSR(IA32_MTRR_FIX16K_80000), .initial = ALL_WB, .writable = ~0ULL,
	  .is_valid = types_valid },
	{ MSR(IA32_MTRR_FIX16K_A0000), .writable = ~0ULL,
	  .is_valid = types_valid },
	{ MSRS(IA32_MTRR_FIX4K_C0000, IA32_MTRR_FIX4K_F8000), .initial = ALL_WB,
	  .writable = ~0ULL, .is_valid = types_valid },
	/* 0 banks of machine checks, for a kernel that does not ask CPUID. */
	{ MSR(IA32_MCG_CAP), .is_valid = read_only },
	/* Microcode loaders read it without asking CPUID. */
	{ MSR(IA32_PLATFORM_ID), .is_valid = read_only },
	/* Kernels write 0 and read the microcode's revision. */
	{ MSR(IA32_BIOS_SIGN_ID), .initial = MICROCODE_REVISION,
	  .ignore = true },
	/* The microcode is the machine's; an update is ignored. */
	{ MSR(IA32_BIOS_UPDT_TRIG), .ignore = true },
	/*
	 * Kernels clear it; LBR and BTF are refused, because a branch that
	 * Umbra carries out makes no record and no step.
	 */
	{ MSR(IA32_DEBUGCTL) },
	/* Kernels read the bus clock's ratio; 0: not known. */
	{ MSR(IA32_PERF_STATUS), .is_valid = read_only },
};

const struct msr_policy *msr_policy_table(size_t *count)
{
	*count = ARRAY_SIZE(table);
	return table;
}

/* Returns the number of MSRs that the entry keeps values of. */
static u32 values_of(const struct msr_policy *entry)
{
	return entry->answer == MSR_DONE ? entry->last - entry->first + 1 : 0;
}

/* Sets the memory type that a PC's firmware sets: UC from 3 to 4 GiB. */
static void init_variable_ranges(struct guest_msrs *msrs)
{
	u64 mask = BITS(msrs->maxphyaddr - 1, 0) & ~(GIB - 1);

	guest_msr_write(msrs, IA32_MTRR_PHYSBASE0, 3 * GIB | MEMORY_UC);
	guest_msr_write(msrs, IA32_MTRR_PHYSMASK0, mask | MTRR_PHYSMASK_VALID);
}

void guest_msrs_init(struct guest_msrs *msrs, bool rdtscp, u8 maxphyaddr)
{
	u64 *value = msrs->values;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		for (u32 n = values_of(&table[i]); n; n--)
			*value++ = table[i].initial;
	msrs->rdtscp = rdtscp;
	msrs->maxphyaddr = maxphyaddr;
	init_variable_ranges(msrs);
}

/*
 * Finds the entry of the MSR @index and the position of its value. Returns the
 * side that answers for it; MSR_DONE: this file, by the value.
 */
static enum msr_result find(const struct guest_msrs *msrs, u32 index,
			    const struct msr_policy **entry, size_t *position)
{
	*position = 0;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (index < table[i].first || index > table[i].last) {
			*position += values_of(&table[i]);
			continue;
		}
		*entry = &table[i];
		*position += index - table[i].first;
		if (table[i].rdtscp && !msrs->rdtscp)
			return MSR_FAULT;
		return table[i].answer;
	}
	return MSR_FAULT;
}

enum msr_result guest_msr_read(const struct guest_msrs *msrs, u32 index,
			       u64 *value)
{
	const struct msr_policy *entry;
	size_t i;
	enum msr_result result = find(msrs, index, &entry, &i);

	if (result == MSR_DONE)
		*value = msrs->values[i];
	return result;
}

enum msr_result guest_msr_write(struct guest_msrs *msrs, u32 index, u64 value)
{
	const struct msr_policy *entry;
	size_t i;
	enum msr_result result = find(msrs, index, &entry, &i);
	u64 kept;

	if (result != MSR_DONE)
		return result;
	if (entry->is_valid && !entry->is_valid(index, value))
		return MSR_FAULT;
	if (entry->physical && value & ~BITS(msrs->maxphyaddr - 1, 0))
		return MSR_FAULT;
	kept = msrs->values[i] & ~entry->writable;
	if ((value & ~entry->writable) != kept && !entry->ignore)
		return MSR_FAULT;
	msrs->values[i] = kept | (value & entry->writable);
	return MSR_DONE;
}

u64 guest_misc_enable(const struct guest_msrs *msrs)
{
	u64 value = 0;

	guest_msr_read(msrs, IA32_MISC_ENABLE, &value);
	return value;
}
