/* SPDX-License-Identifier: MIT */
/*
 * The MSRs of a guest: one table. An MSR that is not in it does not exist: an
 * access raises #GP(0), as on a processor (SDM vol. 2B, RDMSR).
 */
#ifndef GUEST_MSR_H
#define GUEST_MSR_H

#include "lib/types.h"

/* The part of Umbra that answers an access. */
enum msr_result {
	MSR_DONE, /* guest/msr.c, by a value that it keeps */
	MSR_FAULT, /* none: inject #GP(0) */
	MSR_ASK_VMX, /* vmx/: the MSR depends on its controls */
	MSR_ASK_DEVICES, /* the local APIC (guest/devices/devices.h) */
	/*
	 * The processor's register is the guest's while it runs: the MSR bitmap
	 * lets both accesses through, and VMX switches the value (by the VMCS
	 * or by an MSR area). Without an MSR bitmap, the accesses come here.
	 */
	MSR_ASK_PROCESSOR
};

/* MSRs with numbers in a row. */
struct msr_policy {
	u32 first, last;
	enum msr_result answer;
	bool rdtscp; /* they exist only if RDTSCP is enabled */
	/* With MSR_DONE, for each of them: */
	u64 initial; /* the value after a reset */
	u64 writable; /* bits that a write can change */
	bool ignore; /* a write of other bits has no effect, and is no #GP */
	bool (*is_valid)(u32 index, u64 value); /* or NULL; false: #GP */
	bool physical; /* bits from MAXPHYADDR on are reserved */
};

/* Returns the table, and its number of entries in *count. */
const struct msr_policy *msr_policy_table(size_t *count);

#define GUEST_MSR_VALUES 48 /* Maximum number of values in the table */

struct guest_msrs {
	u64 values[GUEST_MSR_VALUES]; /* in the order of the table */
	bool rdtscp;
	u8 maxphyaddr;
};

/* Gives all MSRs their values after a reset. */
void guest_msrs_init(struct guest_msrs *msrs, bool rdtscp, u8 maxphyaddr);

/* Returns the guest's IA32_MISC_ENABLE. */
u64 guest_misc_enable(const struct guest_msrs *msrs);

/*
 * Answer an intercepted access, or name the part that does. *value is set only
 * with MSR_DONE.
 */
enum msr_result guest_msr_read(const struct guest_msrs *msrs, u32 index,
			       u64 *value);
enum msr_result guest_msr_write(struct guest_msrs *msrs, u32 index, u64 value);

#endif
