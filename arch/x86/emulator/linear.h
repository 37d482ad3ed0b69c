/* SPDX-License-Identifier: MIT */
/*
 * The guest's memory as its instructions address it: from a segment and an
 * offset to a linear address, and from there, page by page, to RAM or to a
 * device. Umbra makes each access in the place of a guest's instruction in this
 * way: in the emulator, for INS and OUTS, and in a task switch. Pure C over
 * struct linear_ops, so that it runs in tests.
 */
#ifndef ARCH_X86_EMULATOR_LINEAR_H
#define ARCH_X86_EMULATOR_LINEAR_H

#include "arch/x86/emulator/breakpoints.h"
#include "arch/x86/regs.h"
#include "lib/types.h"

/* An exception that is due in place of an access or an instruction. */
struct fault {
	enum vector vector;
	u32 error_code; /* 0 if the vector has none */
	gva_t gva; /* of a page fault: CR2 */
};

struct segment_register {
	u16 selector;
	u64 base;
	u32 limit; /* in bytes */
	u32 rights; /* AR_... */
};

/* The caller's operations. Lengths are 1 byte to a page, within one page. */
struct linear_ops {
	void (*read_segment)(void *ctx, enum segment segment,
			     struct segment_register *reg);
	/*
	 * Walks the guest's tables for a write or a read. Returns false if a
	 * page fault with *@error_code is due.
	 */
	bool (*translate)(void *ctx, gva_t gva, bool write, gpa_t *gpa,
			  u32 *error_code);
	void (*read)(void *ctx, gpa_t gpa, void *buf, size_t len);
	void (*write)(void *ctx, gpa_t gpa, const void *buf, size_t len);
	/* Writes @new if memory holds @old, atomically; returns true if so. */
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
	/*
	 * CR0.AM=1 and EFLAGS.AC=1 at CPL 3: INS and OUTS exit before the
	 * processor checks.
	 */
	bool checks_alignment;
	/*
	 * A write sets it if the memory, a table for example, no longer needs
	 * the emulator. Then the guest goes on with a REP by itself.
	 */
	bool released;
	struct breakpoints breakpoints; /* none after linear_begin() */
	unsigned int page_count;
	struct linear_page pages[LINEAR_PAGES];
	u32 segments_known; /* those that are in segment[], a bit for each */
	struct segment_register segment[SEG_COUNT];
	struct fault fault; /* after a function has returned false */
};

/* Prepares @m for an instruction: no page, segment or breakpoint is known. */
void linear_begin(struct linear *m, const struct linear_ops *ops, void *ctx,
		  bool long_mode, bool keep_pages);

/* Keeps a translation that the caller has: @gva is at @gpa. */
void linear_remember(struct linear *m, gva_t gva, gpa_t gpa, bool write);

/* Returns true if @gva is canonical, of 48 bits (SDM vol. 1, 3.3.7.1). */
static inline bool is_canonical(gva_t gva)
{
	return (gva_t)((s64)(gva << 16) >> 16) == gva;
}

/*
 * Keeps this exception as the fault; returns false, for the caller to return.
 */
bool linear_raise(struct linear *m, enum vector vector, u32 error_code);

/*
 * Returns true if the limit, the type and the usability of @reg allow an access
 * to @len bytes at @offset (SDM vol. 3A, 5.3 and 5.4). Not for 64-bit mode.
 */
bool segment_allows(const struct segment_register *reg, u64 offset, size_t len,
		    bool write);

/*
 * Finds the linear address of @len bytes at @offset, cut to @address_size bytes
 * (2, 4 or 8), in @segment. Returns false if the segment, or in 64-bit mode the
 * canonical form, forbids the access; the fault is #GP(0) or #SS(0).
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
 * Finds @len bytes, 1 to a page, at @gva. All of an operand must be accessible
 * before any of it is accessed. Returns false if a page fault is due. A
 * read-modify-write needs @write: its fault is that of a write. The hits in
 * @m->breakpoints count only if the instruction does not fault.
 */
bool linear_find(struct linear *m, gva_t gva, size_t len, bool write,
		 struct linear_operand *operand);

/* Read or write all bytes of an operand that linear_find() has found for it. */
void linear_load(const struct linear *m, const struct linear_operand *operand,
		 void *buf);
void linear_store(const struct linear *m, const struct linear_operand *operand,
		  const void *buf);
/*
 * Stores @new, of at most 16 bytes, if memory still holds @old; returns true if
 * it did. It is atomic if the operand lies in one page.
 */
bool linear_cmpxchg(const struct linear *m,
		    const struct linear_operand *operand, const void *old,
		    const void *new);

/* Find @len bytes and access them; return false as linear_find() does. */
bool linear_read(struct linear *m, gva_t gva, void *buf, size_t len);
bool linear_write(struct linear *m, gva_t gva, const void *buf, size_t len);
/* Returns true if these bytes could be written; touches no device. */
bool linear_probe(struct linear *m, gva_t gva, size_t len);

#endif
