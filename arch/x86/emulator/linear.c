/* SPDX-License-Identifier: MIT */
/* The guest's memory as its instructions address it: see linear.h. */
#include "arch/x86/emulator/linear.h"
#include "arch/x86/gpr.h"
#include "lib/string.h"

#define CMPXCHG_MAX_BYTES 16

void linear_begin(struct linear *m, const struct linear_ops *ops, void *ctx,
		  bool long_mode, bool keep_pages)
{
	m->ops = ops;
	m->ctx = ctx;
	m->long_mode = long_mode;
	m->keep_pages = keep_pages;
	m->checks_alignment = false;
	m->released = false;
	m->breakpoints.dr7 = m->breakpoints.hits = 0;
	m->page_count = 0;
	m->segments_known = 0;
}

bool linear_raise(struct linear *m, enum vector vector, u32 error_code)
{
	m->fault = (struct fault){ vector, error_code, 0 };
	return false;
}

/* --- Segments ------------------------------------------------------------- */

/* Returns the guest's register @segment, which is read once. */
static const struct segment_register *linear_segment(struct linear *m,
						     enum segment segment)
{
	if (!(m->segments_known & BIT(segment))) {
		m->ops->read_segment(m->ctx, segment, &m->segment[segment]);
		m->segments_known |= BIT(segment);
	}
	return &m->segment[segment];
}

bool segment_allows(const struct segment_register *reg, u64 offset, size_t len,
		    bool write)
{
	u64 last = offset + len - 1;
	u32 rights = reg->rights;

	if (rights & AR_UNUSABLE)
		return false;
	if (write && ((rights & AR_CODE) || !(rights & AR_WRITABLE)))
		return false;
	if ((rights & AR_CODE) && !(rights & AR_WRITABLE))
		return false;
	if (!(rights & AR_CODE) && (rights & AR_EXPAND_DOWN))
		return offset > reg->limit &&
		       last <= (rights & AR_DB ? BITS(31, 0) : BITS(15, 0));
	/* A flat segment wraps around at 4 GiB. */
	return last <= reg->limit || reg->limit == BITS(31, 0);
}

bool linear_address(struct linear *m, enum segment segment, u64 offset,
		    unsigned int address_size, size_t len, bool write,
		    gva_t *gva)
{
	const struct segment_register *reg;
	bool allowed;

	offset = truncate(offset, address_size);
	if (m->long_mode) {
		/* Only FS and GS have bases (SDM vol. 1, 3.4.2.1). */
		*gva = offset + (segment < SEG_FS
					 ? 0
					 : linear_segment(m, segment)->base);
		allowed = is_canonical(*gva) && is_canonical(*gva + len - 1);
	} else {
		reg = linear_segment(m, segment);
		*gva = truncate(reg->base + offset, 4);
		allowed = segment_allows(reg, offset, len, write);
	}
	return allowed ||
	       linear_raise(m, segment == SEG_SS ? VECTOR_SS : VECTOR_GP, 0);
}

/* --- Pages ---------------------------------------------------------------- */

void linear_remember(struct linear *m, gva_t gva, gpa_t gpa, bool write)
{
	if (m->keep_pages && m->page_count < LINEAR_PAGES)
		m->pages[m->page_count++] = (struct linear_page){
			.gva = gva & PAGE_MASK,
			.gpa = gpa & PAGE_MASK,
			.write = write,
		};
}

/*
 * Each page is translated once: a page that may be written may be read (SDM
 * vol. 3A, 4.6.1). If this very instruction has changed the mapping meanwhile
 * (REP MOVS over the table), a TLB would have the old one, too: no flush lies
 * in between.
 */
static bool translate(struct linear *m, gva_t gva, bool write, gpa_t *gpa)
{
	unsigned int i;
	u32 error_code;

	for (i = 0; i < m->page_count; i++) {
		const struct linear_page *page = &m->pages[i];

		if (page->gva == (gva & PAGE_MASK) && (page->write || !write)) {
			*gpa = page->gpa | (gva & ~PAGE_MASK);
			return true;
		}
	}
	if (!m->ops->translate(m->ctx, gva, write, gpa, &error_code)) {
		m->fault = (struct fault){ VECTOR_PF, error_code, gva };
		return false;
	}
	linear_remember(m, gva, *gpa, write);
	return true;
}

static bool find(struct linear *m, gva_t gva, size_t len, bool write,
		 struct linear_operand *operand)
{
	gva_t next;

	operand->gpa[1] = 0;
	operand->len[0] = MIN(len, PAGE_SIZE - (gva & ~PAGE_MASK));
	operand->len[1] = len - operand->len[0];
	if (!translate(m, gva, write, &operand->gpa[0]))
		return false;
	if (!operand->len[1])
		return true;
	next = gva + operand->len[0];
	return translate(m, m->long_mode ? next : truncate(next, 4), write,
			 &operand->gpa[1]);
}

bool linear_find(struct linear *m, gva_t gva, size_t len, bool write,
		 struct linear_operand *operand)
{
	breakpoints_see(&m->breakpoints, write ? BREAK_WRITE : BREAK_READ, gva,
			len);
	return find(m, gva, len, write, operand);
}

/* --- Accesses ------------------------------------------------------------- */

void linear_load(const struct linear *m, const struct linear_operand *operand,
		 void *buf)
{
	m->ops->read(m->ctx, operand->gpa[0], buf, operand->len[0]);
	if (operand->len[1])
		m->ops->read(m->ctx, operand->gpa[1],
			     (u8 *)buf + operand->len[0], operand->len[1]);
}

void linear_store(const struct linear *m, const struct linear_operand *operand,
		  const void *buf)
{
	m->ops->write(m->ctx, operand->gpa[0], buf, operand->len[0]);
	if (operand->len[1])
		m->ops->write(m->ctx, operand->gpa[1],
			      (const u8 *)buf + operand->len[0],
			      operand->len[1]);
}

bool linear_cmpxchg(const struct linear *m,
		    const struct linear_operand *operand, const void *old,
		    const void *new)
{
	u8 now[CMPXCHG_MAX_BYTES];

	if (!operand->len[1])
		return m->ops->cmpxchg(m->ctx, operand->gpa[0], old, new,
				       operand->len[0]);
	/*
	 * Across two pages it need not be atomic: nothing else writes while
	 * Umbra runs, as a VM has one virtual processor and no device that
	 * writes on its own.
	 */
	linear_load(m, operand, now);
	if (memcmp(now, old, operand->len[0] + operand->len[1]) != 0)
		return false;
	linear_store(m, operand, new);
	return true;
}

bool linear_read(struct linear *m, gva_t gva, void *buf, size_t len)
{
	struct linear_operand operand;

	if (!linear_find(m, gva, len, false, &operand))
		return false;
	linear_load(m, &operand, buf);
	return true;
}

bool linear_write(struct linear *m, gva_t gva, const void *buf, size_t len)
{
	struct linear_operand operand;

	if (!linear_find(m, gva, len, true, &operand))
		return false;
	linear_store(m, &operand, buf);
	return true;
}

bool linear_probe(struct linear *m, gva_t gva, size_t len)
{
	struct linear_operand operand;

	return find(m, gva, len, true, &operand);
}
