/* SPDX-License-Identifier: MIT */
/* The making of a virtual machine. */
#ifndef VMX_START_VM_CREATE_H
#define VMX_START_VM_CREATE_H

#include "lib/types.h"

struct vm;
struct vm_config;
struct selftest_result;

/*
 * Makes @vm, all zeroes before, as @config says. Returns false if there is
 * too little memory, or the processor lacks a feature; this has been logged.
 */
__cold bool vm_create(struct vm *vm, const struct vm_config *config,
		      const struct selftest_result *selftest);

#endif
