/* SPDX-License-Identifier: MIT */
/*
 * The guest's memory for an instruction that Umbra carries out: linear.h on the
 * VMCS, the MMU and the devices.
 */
#ifndef VMX_MEMORY_H
#define VMX_MEMORY_H

#include "vmx/vcpu.h"

struct vcpu_memory {
	struct linear linear;
	struct vcpu *vcpu;
	u32 rights; /* PFEC_U at CPL 3, else WALK_AC or nothing */
};

/* Begins an instruction in code of @mode; @rights as above. */
void vcpu_memory_begin(struct vcpu_memory *memory, struct vcpu *vcpu,
		       enum insn_mode mode, u32 rights);

/* Writes to a device in memory; its next event may come earlier now. */
void vcpu_write_device(struct vcpu *vcpu, gpa_t gpa, const void *buf,
		       size_t len);

/*
 * Reads segment register @n, in the order of the VMCS and of enum task_segment.
 */
void vcpu_read_segment(unsigned int n, struct segment_register *reg);

#endif
