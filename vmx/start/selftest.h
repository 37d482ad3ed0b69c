/* SPDX-License-Identifier: MIT */
/*
 * Does this processor treat ABSENT and TRAP, and the page-fault filter, as the
 * shadow MMU needs it? CPUID may misreport MAXPHYADDR under another hypervisor,
 * and the filter may be emulated; so a tiny guest tries them.
 */
#ifndef VMX_START_SELFTEST_H
#define VMX_START_SELFTEST_H

#include "lib/types.h"

struct vcpu;

struct selftest_result {
	/* ABSENT does not exit, TRAP does, at every level that was tried. */
	bool filter_works;
	/* TRAP works in a PTE of 4-level paging with NXE=1, too. */
	bool leaf_trap_present;
	/* The filter that lets the user's faults pass works, and TRAP is known
	   by RSVD alone. */
	bool user_filter_works;
	u64 cr4_added; /* bits of CR4 that this needs in every guest */
};

/*
 * Runs the test, in VMX root operation, and logs the findings. Returns false if
 * the tiny guest could not even be entered; this has been logged.
 */
__cold bool selftest_run(struct selftest_result *result);

/*
 * The virtual processor of the tiny guest, ready to be entered, with its VMCS
 * current; NULL: no memory for it.
 */
__cold struct vcpu *selftest_vcpu(void);

#endif
