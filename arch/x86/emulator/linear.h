/* SPDX-License-Identifier: MIT */
/*
 * The guest's memory as its instructions address it: from a segment and an
 * offset to a linear address, and from there, page by page, to RAM or to a
 * device. Each access of Umbra's in the place of a guest's instruction goes
 * this way: the emulator, INS and OUTS, the task switch. Pure C over struct
 * linear_ops, so that it runs in tests.
 */
#ifndef ARCH_X86_EMULATOR_LINEAR_H
#define ARCH_X86_EMULATOR_LINEAR_H

#include "arch/x86/emulator/breakpoints.h"
#include "arch/x86/regs.h"
#include "lib/types.h"

/* An exception that is due in the place of an access, or of an instruction. */
struct fault {
	enum vector vector;
	u32 error_code; /* 0 where the vector has none */
	gva_t gva; /* of a page fault: CR2 */
};

struct segment_register {
	u16 selector;
	u64 base;
	u32 limit; /* in bytes */
	u32 rights; /* AR_... */
};

/* The way to the guest. Lengths are 1 byte to a page, within one page. */
struct linear_ops {
	void (*read_segment)(void *ctx, enum segment segment,
			     struct segment_register *reg);
	/*
	 * Walk the guest's tables for an access (@write: else a read). False: a
	 * page fault with *@error_code is due.
	 */
	bool (*translate)(void *ctx, gva_t gva, bool write, gpa_t *gpa,
			  u32 *error_code);
	void (*read)(void *ctx, gpa_t gpa, void *buf, size_t len);
	void (*write)(void *ctx, gpa_t gpa, const void *buf, size_t len);
	/* Write @new if memory still holds @old, atomically: was it so? */
	bool (*cmpxchg)(void *ctx, gpa_t gpa, const void *old, const void *new,
			size_t len);
};

/* Maximum number of translations that are kept during one instruction. */
#define LINEAR_PAGES 4

struct linear_page {
	gva_t gva;
	gpa_t gpa;
	bool write; /* it may be written */
};

/* The memory of one instruction under way. */
struct linear {
	const struct linear_ops *ops;
	void *ctx;
	bool long_mode; /* 64-bit mode; else linear addresses end at 4 GiB */
	bool keep_pages; /* each page is translated once */
	/* CR0.AM and EFLAGS.AC at CPL 3; for INS and OUTS, which exit first. */
	bool checks_alignment;
	/*
	 * Set by the operation that writes: what needed the emulator, a table
	 * say, is plain memory now. A REP goes on by itself.
	 */
	bool released;
	struct breakpoints breakpoints; /* none after linear_begin() */
	unsigned int page_count;
	struct linear_page pages[LINEAR_PAGES];
	u32 segments_known; /* those that are in segment[], a bit for each */
	struct segment_register segment[SEG_COUNT];
	struct fault fault; /* after a function has returned false */
};

void linear_begin(struct linear *m, const struct linear_ops *ops, void *ctx,
		  bool long_mode, bool keep_pages);

/* A page is translated already: @gva is at @gpa. */
void linear_remember(struct linear *m, gva_t gva, gpa_t gpa, bool write);

/* 48-bit linear addresses (SDM vol. 1, 3.3.7.1). */
static inline bool is_canonical(gva_t gva)
{
	return (gva_t)((s64)(gva << 16) >> 16) == gva;
}

/* Keep this exception as the fault; returns false, for the caller to return. */
bool linear_raise(struct linear *m, enum vector vector, u32 error_code);

/* The guest's register @segment, read once. */
const struct segment_register *linear_segment(struct linear *m,
					      enum segment segment);

/*
 * Returns true if the limit, the type and the usability of @reg allow an access
 * to @len bytes at @offset (SDM vol. 3A, 5.3 and 5.5). Not for 64-bit mode.
 */
bool segment_allows(const struct segment_register *reg, u64 offset, size_t len,
		    bool write);

/*
 * The linear address of @len bytes at @offset, cut to @address_size bytes (2, 4
 * or 8), in @segment. False: the segment, or in 64-bit mode the canonical form,
 * forbids the access; the fault is #GP(0) or #SS(0).
 */
bool linear_address(struct linear *m, enum segment segment, u64 offset,
		    unsigned int address_size, size_t len, bool write,
		    gva_t *gva);

/* An operand as the one or two pieces that it makes in physical memory. */
struct linear_operand {
	gpa_t gpa[2];
	size_t len[2]; /* len[1] is 0 if all is in one page */
};

/*
 * Find @len bytes, 1 to a page, at @gva. All of an operand must be accessible
 * before any of it is accessed. False: the fault is a page fault. A
 * read-modify- write is found with @write: its fault is that of a write. What
 * it hits in @m->breakpoints counts if the instruction does not fault.
 */
bool linear_find(struct linear *m, gva_t gva, size_t len, bool write,
		 struct linear_operand *operand);

/* All the bytes of an operand that was found for that. */
void linear_load(const struct linear *m, const struct linear_operand *operand,
		 void *buf);
void linear_store(const struct linear *m, const struct linear_operand *operand,
		  const void *buf);
/*
 * Store @new if memory still holds @old; returns whether it did. Atomic where
 * the operand lies in one page. Of at most 16 bytes.
 */
bool linear_cmpxchg(const struct linear *m,
		    const struct linear_operand *operand, const void *old,
		    const void *new);

/* Find, and access; false as for linear_find(). */
bool linear_read(struct linear *m, gva_t gva, void *buf, size_t len);
bool linear_write(struct linear *m, gva_t gva, const void *buf, size_t len);
/* Could these bytes be written? No device hears of it. */
bool linear_probe(struct linear *m, gva_t gva, size_t len);

#endif
