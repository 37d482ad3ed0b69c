/* SPDX-License-Identifier: MIT */
/* The user's choices for a virtual machine: plain data. */
#ifndef VMX_VM_CONFIG_H
#define VMX_VM_CONFIG_H

#include "lib/types.h"
#include "mmu/policy.h"
#include "vmx/vpid.h"

struct serial_port;

struct vm_config {
	u64 memory; /* the guest's, in bytes; 0: all that can be spared */
	struct mmu_policy policy; /* the rung, with the switches overridden */
	enum vpid_wish vpid;
	u64 shadow_pages; /* 0: by the guest's memory */
	u64 audit; /* check the shadow at each Nth exit; 0: never */
	bool counters; /* shown to the guest by CPUID */
	u64 canaries; /* one frame in this number is kept from the guest; 0:
			 none */
	u64 trace; /* exits to print at every stop */
	struct serial_port *gdb; /* where gdb is; NULL: there is none */
	u32 trace_kinds; /* those that are recorded: BIT(enum trace_kind) */
	unsigned int trace_way; /* enum trace_way, out of the machine */
	struct serial_port *trace_port; /* of TRACE_COM2 */
	bool dump; /* show the whole VMCS before the first entry */
};

#endif
