/* SPDX-License-Identifier: MIT */
/* VM exits, as the rest of vmx/ sees them; exits/ has the handlers. */
#ifndef VMX_EXIT_H
#define VMX_EXIT_H

#include "vmx/exit_reasons.h"
#include "vmx/vcpu.h"
#include "vmx/report/words.h"

/* Calls the handler of the exit in vcpu->exit. */
void vmx_handle_exit(struct vcpu *vcpu);

/*
 * Changes the MMU's policy while the guest runs: before the next entry the
 * processor gets the root, the filter and the targets of the new one.
 */
void vmx_change_policy(struct vcpu *vcpu, const struct mmu_policy *policy);

#endif
