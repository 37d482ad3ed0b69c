/* SPDX-License-Identifier: MIT */
/*
 * One operation of the guest's, a demand fault for example, shown as a block:
 * the instruction that faulted, the exits, both walks before and after, and the
 * cost. The guest marks its begin and its end by hypercall (guest/hypercall.h).
 * Without trace=N nothing is shown.
 */
#ifndef VMX_REPORT_OPERATION_H
#define VMX_REPORT_OPERATION_H

#include "mmu/view/view.h"

struct hypercall_operation;
struct vcpu;

/* How things were at the begin. */
struct operation {
	bool begun;
	bool shown; /* one or more */
	u64 first_record; /* in the trace */
	struct mmu_view view;
	struct mmu_stats mmu;
	u64 tsc;
	u64 root_ticks; /* of all exits */
	u64 other_ticks; /* of those that are not the operation's */
	u64 faults_taken;
	u64 faults_injected;
};

/* With operations shown, the end of the run shows no exits. */
void operation_begin(struct vcpu *vcpu, const struct hypercall_operation *op);
void operation_end(struct vcpu *vcpu, const struct hypercall_operation *op);

#endif
