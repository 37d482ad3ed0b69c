/* SPDX-License-Identifier: MIT */
/*
 * One operation of the guest, a demand fault for example, shown as a block: the
 * instruction that faulted, the exits, both walks before and after, and the
 * cost. The guest marks its begin and its end by hypercall (guest/hypercall.h).
 * Without trace=N nothing is shown.
 */
#ifndef VMX_REPORT_OPERATION_H
#define VMX_REPORT_OPERATION_H

struct hypercall_operation;
struct vcpu;

/* If operations are shown, the end of the run shows no exits. */
void operation_begin(struct vcpu *vcpu, const struct hypercall_operation *op);
void operation_end(struct vcpu *vcpu, const struct hypercall_operation *op);

#endif
