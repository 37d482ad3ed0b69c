/* SPDX-License-Identifier: MIT */
/*
 * The MSRs of a guest: one table. An MSR that is not in it
 * does not exist: #GP(0), as the processor has it (SDM vol. 2B, RDMSR).
 */
#ifndef GUEST_MSR_H
#define GUEST_MSR_H

#include "lib/types.h"

enum msr_kind {
	/*
	 * The processor's register is the guest's while it runs: the MSR bitmap
	 * lets both accesses through, and VMX switches the value (by the VMCS
	 * or by an MSR area).
	 */
	MSR_PASSTHROUGH,
	MSR_PASSTHROUGH_RDTSCP, /* the same, if RDTSCP is enabled; else #GP */
	MSR_BY_VMX, /* vmx/ itself answers: it is bound up with its controls */
	MSR_BY_DEVICES, /* the local APIC's (guest/devices/devices.h) */
	MSR_VALUE, /* a value kept here */
};

struct msr_policy {
	u32 index;
	u32 last; /* of as many in a row; 0: one */
	enum msr_kind kind;
	const char *name;
	const char *why;
	u64 initial; /* MSR_VALUE: after reset, of each in the row */
	u64 writable; /* MSR_VALUE: bits that a write can change */
	bool ignore; /* MSR_VALUE: changing others is no #GP but in vain */
	bool (*is_valid)(u32 index, u64 value); /* or NULL; false: #GP */
	bool physical; /* MSR_VALUE: bits from MAXPHYADDR on are reserved */
};

const struct msr_policy *msr_policy_table(size_t *count);

#define GUEST_MSR_VALUES 48 /* at least as many as the table has values */

struct guest_msrs {
	u64 values[GUEST_MSR_VALUES]; /* in the order of the table */
	bool rdtscp;
	u8 maxphyaddr;
};

enum msr_result {
	MSR_DONE,
	MSR_FAULT, /* inject #GP(0) */
	MSR_ASK_VMX, /* MSR_BY_VMX */
	MSR_ASK_DEVICES, /* MSR_BY_DEVICES */
	MSR_ASK_PROCESSOR /* passed through, and yet here: no MSR bitmap */
};

void guest_msrs_init(struct guest_msrs *msrs, bool rdtscp, u8 maxphyaddr);

u64 guest_misc_enable(const struct guest_msrs *msrs);

/* An intercepted access. *value is only set with MSR_DONE. */
enum msr_result guest_msr_read(const struct guest_msrs *msrs, u32 index,
			       u64 *value);
enum msr_result guest_msr_write(struct guest_msrs *msrs, u32 index, u64 value);

#endif
