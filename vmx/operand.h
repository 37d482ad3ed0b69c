/* SPDX-License-Identifier: MIT */
/*
 * The memory operands of one instruction that Umbra carries out: from linear
 * addresses to the guest's physical memory, each page walked once.
 */
#ifndef VMX_OPERAND_H
#define VMX_OPERAND_H

#include "vmx/vcpu.h"

/* So many pages' translations are kept during one instruction. */
#define OPERAND_PAGES 4

struct operand_page {
	gva_t gva;
	gpa_t gpa;
	u32 access; /* PFEC_W: it may be written */
};

/* What the operands of one instruction share. */
struct operands {
	struct vcpu *vcpu;
	u32 rights; /* PFEC_U at CPL 3, else WALK_AC or nothing */
	bool nowalk; /* mmu_policy.nowalk */
	bool long_mode; /* 64-bit mode; else linear addresses end at 4 GiB */
	struct operand_page pages[OPERAND_PAGES];
	unsigned int page_count;
	gva_t fault_gva; /* the fault of the operand that was not found */
	u32 fault_code;
};

/* An operand as the one or two pieces that it makes in physical memory. */
struct operand {
	gpa_t gpa[2];
	size_t len[2]; /* len[1] is 0 if all is in one page */
};

/* @rights: see above. */
void operands_begin(struct operands *operands, struct vcpu *vcpu, u32 rights);

/* A page that has been walked already: @gva is at @gpa, for @access. */
void operands_remember(struct operands *operands, gva_t gva, gpa_t gpa,
		       u32 access);

/*
 * Find @len bytes, at most a page, at @gva, for @access (0 or PFEC_W). All of
 * it must be accessible before any of it is accessed. False: it is not;
 * fault_gva and fault_code are those of the #PF to inject.
 */
bool operand_find(struct operands *operands, gva_t gva, size_t len, u32 access,
		  struct operand *operand);

/* All the bytes of an operand that was found for that. */
void operand_read(const struct operands *operands,
		  const struct operand *operand, void *buf);
void operand_write(const struct operands *operands,
		   const struct operand *operand, const void *buf);

#endif
