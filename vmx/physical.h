/* SPDX-License-Identifier: MIT */
/*
 * The guest's physical memory as its instructions see it: RAM, by way of the
 * MMU, which keeps the shadows of tables true; elsewhere the devices.
 */
#ifndef VMX_PHYSICAL_H
#define VMX_PHYSICAL_H

#include "vmx/vcpu.h"

/* Access to @len bytes that lie in one page. */
void vcpu_read_physical(struct vcpu *vcpu, gpa_t gpa, void *buf, size_t len);
void vcpu_write_physical(struct vcpu *vcpu, gpa_t gpa, const void *buf,
			 size_t len);

/* See mmu_cmpxchg(). @old is what has just been read there. */
bool vcpu_cmpxchg_physical(struct vcpu *vcpu, gpa_t gpa, const void *old,
			   const void *new, size_t len);

#endif
