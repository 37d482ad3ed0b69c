/* SPDX-License-Identifier: MIT */
#ifndef VMX_MONITOR_POLICY_H
#define VMX_MONITOR_POLICY_H

struct mmu_policy;
struct vm;

/* Changes the policy at once, and keeps the rates before for `mmu` to show. */
void monitor_change_policy(struct vm *vm, const struct mmu_policy *policy);

#endif
