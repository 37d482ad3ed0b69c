/* SPDX-License-Identifier: MIT */
/* The hostile processor; see tlb.h. */
#include "tests/model/reference.h"
#include "tests/model/tlb.h"

#define SMALL_SHIFT 12

static void flush_all_but_globals(struct processor *p)
{
	p->generation++;
}

void processor_flush(struct processor *p)
{
	flush_all_but_globals(p);
	p->globals++;
}

static u64 bucket_of(u64 key, u64 count)
{
	return (key * 0x9e3779b97f4a7c15ULL >> 40) % count;
}

static u8 page_shift(int level)
{
	return SMALL_SHIFT + 9 * (level - 1);
}

static struct tlb_entry *tlb_bucket(struct processor *p, gva_t gva, u8 shift)
{
	return p->tlb[bucket_of(gva >> shift, TLB_BUCKETS)];
}

static bool is_valid(const struct processor *p, const struct tlb_entry *e)
{
	return e->generation == (e->global ? p->globals : p->generation);
}

static bool tlb_hits(const struct processor *p, const struct tlb_entry *e,
		     gva_t gva, u8 shift)
{
	return is_valid(p, e) && e->shift == shift && e->page == gva >> shift;
}

/* Returns the part of the address down to the index of this level. */
static u64 psc_prefix(gva_t gva, int level)
{
	return gva >> page_shift(level);
}

static struct psc_entry *psc_bucket(struct processor *p, gva_t gva, int level)
{
	return p->psc[level][bucket_of(psc_prefix(gva, level), PSC_BUCKETS)];
}

/* INVLPG drops all of the paging-structure caches (4.10.4.1). */
static void psc_flush(struct processor *p)
{
	for (int level = 2; level <= 4; level++)
		for (int i = 0; i < PSC_BUCKETS; i++)
			for (int way = 0; way < PSC_WAYS; way++)
				p->psc[level][i][way].generation = 0;
}

/*
 * The processor drops translations at a page fault (4.10.4.1), and at INVVPID
 * of one address (SDM vol. 3C, 28.3.3.1): those for the page number, whole or
 * piece, and the upper entries used for it.
 */
static void forget_page(struct processor *p, gva_t gva)
{
	for (int level = 1; level <= 3; level++) {
		u8 shift = page_shift(level);
		struct tlb_entry *ways = tlb_bucket(p, gva, shift);

		for (int way = 0; way < TLB_WAYS; way++)
			if (tlb_hits(p, &ways[way], gva, shift))
				ways[way].generation = 0;
	}
	for (int level = 2; level <= 4; level++)
		for (int way = 0; way < PSC_WAYS; way++)
			if (psc_bucket(p, gva, level)[way].prefix ==
			    psc_prefix(gva, level))
				psc_bucket(p, gva, level)[way].generation = 0;
}

void processor_invlpg(struct processor *p, gva_t gva)
{
	/* All pieces of a large page are dropped (4.10.4.1), and no others. */
	for (int i = 0; i < TLB_BUCKETS; i++) {
		for (int way = 0; way < TLB_WAYS; way++) {
			struct tlb_entry *e = &p->tlb[i][way];

			if (e->page << e->shift >> e->page_shift ==
			    gva >> e->page_shift)
				e->generation = 0;
		}
	}
	psc_flush(p);
}

bool processor_invvpid(struct processor *p, u64 type, gva_t gva)
{
	switch (type) {
	case 0: /* an address, which must be canonical */
		if ((gva_t)((s64)(gva << 16) >> 16) != gva)
			return false;
		forget_page(p, gva);
		return true;
	case 1: /* a context */
	case 2: /* all contexts */
		processor_flush(p);
		return true;
	case 3: /* a context, without globals */
		flush_all_but_globals(p);
		return true;
	default:
		return false;
	}
}

void processor_load_cr3(struct processor *p, hpa_t cr3)
{
	p->cr3 = cr3;
	/* Globals stay (4.10.4.1). */
	flush_all_but_globals(p);
}

bool processor_enter(struct processor *p, hpa_t cr3)
{
	p->cr3 = cr3;
	if (!p->pae)
		return true;
	/* SDM vol. 3C, 26.3.1.6 and table 4-8; CR3 has 32 bits here. */
	if (cr3 >> 32)
		return false;
	for (int i = 0; i < 4; i++) {
		p->pdpte[i] = *p->entry(p->ctx, (cr3 & ~31ULL) + 8 * i);
		if ((p->pdpte[i] & 1) &&
		    (p->pdpte[i] &
		     (BITS(63, p->maxphyaddr) | BITS(8, 5) | BITS(2, 1))))
			return false;
	}
	return true;
}

/* Returns true by tables 4-9 to 4-11 (PAE) and 4-15 to 4-20 (4-level). */
static bool is_reserved(const struct processor *p, u64 entry, int level)
{
	u64 mask = 0;

	if (p->maxphyaddr < 52)
		mask |= BITS(51, p->maxphyaddr);
	if (p->pae)
		mask |= BITS(62, 52);
	if (!p->nxe)
		mask |= BIT(63);
	if (level == 4)
		mask |= BIT(7);
	if (level == 3 && (entry & BIT(7)))
		mask |= BITS(29, 13);
	if (level == 2 && (entry & BIT(7)))
		mask |= BITS(20, 13);
	return entry & mask;
}

/* The state of a walk. */
struct cursor {
	int level; /* of the entry to be read next */
	hpa_t table;
	bool w, u, nx;
};

static struct cursor walk_start(struct processor *p, gva_t gva)
{
	struct cursor c = {
		.level = 4, .table = p->cr3 & BITS(51, 12), .w = true, .u = true
	};

	/* Begins where the caches allow: at any of them, or at the root. */
	for (int level = 2; level <= (p->pae ? 2 : 4); level++) {
		struct psc_entry *e =
			&psc_bucket(p, gva, level)[p->random(p->ctx, PSC_WAYS)];

		if (e->generation != p->generation ||
		    e->prefix != psc_prefix(gva, level) ||
		    !p->random(p->ctx, 3))
			continue;
		c = (struct cursor){ level - 1, e->table, e->w, e->u, e->nx };
		return c;
	}
	if (p->pae) {
		c.level = 2;
		c.table = p->pdpte[gva >> 30 & 3];
		if (!(c.table & 1))
			c.level = 0;
		c.table &= BITS(51, 12);
	}
	return c;
}

static void cache_table(struct processor *p, gva_t gva, int level,
			const struct cursor *c)
{
	struct psc_entry *e =
		&psc_bucket(p, gva, level)[p->random(p->ctx, PSC_WAYS)];

	*e = (struct psc_entry){ psc_prefix(gva, level),
				 p->generation,
				 c->table,
				 c->w,
				 c->u,
				 c->nx };
}

/*
 * With CR0.WP=1, so that WD counts for the supervisor, too; SDM vol. 3A, 4.6.2.
 * User-mode addresses use PKRU; CR4.PKE is 0.
 */
static bool key_denies(const struct processor *p, const struct tlb_entry *e,
		       u32 kind)
{
	u32 rights = p->pkrs >> 2 * e->key; /* AD, then WD */

	if (!p->pks || p->pae || e->u || (kind & PFEC_I))
		return false;
	return rights & (kind & PFEC_W ? 3 : 1);
}

/* Returns true if rights deny the access with CR0.WP=1; SDM vol. 3A, 4.6.1. */
static bool is_denied(const struct processor *p, const struct tlb_entry *e,
		      u32 kind)
{
	bool user = kind & PFEC_U, fetch = kind & PFEC_I;

	if ((user && !e->u) || key_denies(p, e, kind))
		return true;
	if ((kind & PFEC_W) && !e->w)
		return true;
	if (fetch)
		return (p->nxe && e->nx) || (!user && e->u && p->smep);
	return !user && e->u && p->smap && !(kind & KIND_AC);
}

static u32 error_code(const struct processor *p, u32 kind)
{
	u32 code = kind & (PFEC_W | PFEC_U);

	if (p->nxe || p->smep)
		code |= kind & PFEC_I;
	return code;
}

/*
 * Walks from where the caches allow to the translation. Returns false with the
 * fault's P and RSVD, or true with the translation; does not check rights.
 * @leaf receives the entry that maps the page.
 */
static bool walk_tables(struct processor *p, gva_t gva, struct tlb_entry *e,
			u64 **leaf, u32 *code)
{
	struct cursor c = walk_start(p, gva);
	u64 *at, value;
	u8 shift;

	*code = 0;
	if (!c.level)
		return false;
	for (;;) {
		at = p->entry(p->ctx,
			      c.table + 8 * (psc_prefix(gva, c.level) & 511));
		value = *at;
		if (!(value & PTE_P))
			return false;
		if (is_reserved(p, value, c.level)) {
			*code = PFEC_P | PFEC_RSVD;
			return false;
		}
		c.w = c.w && (value & PTE_W);
		c.u = c.u && (value & PTE_U);
		c.nx = c.nx || (value & PTE_NX);
		if (c.level == 1 || (value & PTE_PS))
			break;
		/* An entry is cached only with A set (4.10.3.2). */
		*at |= PTE_A;
		c.table = value & BITS(51, 12);
		cache_table(p, gva, c.level, &c);
		c.level--;
	}
	shift = page_shift(c.level);
	*e = (struct tlb_entry){ gva >> shift,
				 value & PTE_G ? p->globals : p->generation,
				 value & BITS(51, shift),
				 shift,
				 shift,
				 c.w,
				 c.u,
				 c.nx,
				 value & PTE_D,
				 value >> 59 & 15,
				 value & PTE_G };
	*leaf = at;
	return true;
}

/* Returns the 4 KiB of @e, a large page, that contain the address. */
static struct tlb_entry piece_of_large(const struct tlb_entry *e, gva_t gva)
{
	struct tlb_entry small = *e;

	small.page = gva >> SMALL_SHIFT;
	small.frame |= gva & (BIT(e->shift) - 1) & ~(BIT(SMALL_SHIFT) - 1);
	small.shift = SMALL_SHIFT;
	return small;
}

static void cache_page(struct processor *p, gva_t gva,
		       const struct tlb_entry *e)
{
	struct tlb_entry part = p->random(p->ctx, 2) ? piece_of_large(e, gva)
						     : *e;
	struct tlb_entry *ways = tlb_bucket(p, gva, part.shift);

	for (int way = 0; way < TLB_WAYS; way++) {
		if (!is_valid(p, &ways[way])) {
			ways[way] = part;
			return;
		}
	}
	ways[p->random(p->ctx, TLB_WAYS)] = part;
}

static const struct tlb_entry *tlb_find(struct processor *p, gva_t gva)
{
	u64 first = p->random(p->ctx, 2);

	/* If there is a whole page and a piece, either may be used. */
	for (u64 i = 0; i < 2; i++) {
		u8 shift = page_shift(1 + (int)((first + i) % 2));
		const struct tlb_entry *e =
			&tlb_bucket(p, gva, shift)[p->random(p->ctx, TLB_WAYS)];

		if (tlb_hits(p, e, gva, shift))
			return e;
	}
	return NULL;
}

struct processor_result processor_access(struct processor *p, gva_t gva,
					 u32 kind)
{
	struct processor_result r = { .error_code = error_code(p, kind) };
	const struct tlb_entry *hit = tlb_find(p, gva);
	struct tlb_entry e;
	u64 *leaf;
	u32 code;

	/* An access that the TLB denies may be looked up again, or fault
	 * (4.10.4.3). A write sets D in the tables, unless the TLB knows that
	 * it is set. */
	if (hit && (is_denied(p, hit, kind) ? p->random(p->ctx, 2)
					    : !(kind & PFEC_W) || hit->dirty)) {
		e = *hit;
	} else if (walk_tables(p, gva, &e, &leaf, &code)) {
		if (!is_denied(p, &e, kind)) {
			*leaf |= PTE_A | (kind & PFEC_W ? PTE_D : 0);
			e.dirty = e.dirty || (kind & PFEC_W);
			cache_page(p, gva, &e);
		}
	} else {
		r.fault = true;
		r.error_code |= code;
	}
	if (!r.fault && is_denied(p, &e, kind)) {
		r.fault = true;
		r.error_code |= PFEC_P |
				(key_denies(p, &e, kind) ? PFEC_PK : 0);
	}
	/* A page fault drops the page's translations (4.10.4.1). */
	if (r.fault) {
		forget_page(p, gva);
		return r;
	}
	r.large = e.page_shift > SMALL_SHIFT;
	r.hpa = e.frame | (gva & (BIT(e.shift) - 1));
	return r;
}

void processor_speculate(struct processor *p, gva_t gva)
{
	struct tlb_entry e;
	u64 *leaf;
	u32 code;

	if (walk_tables(p, gva, &e, &leaf, &code)) {
		*leaf |= PTE_A;
		cache_page(p, gva, &e);
	}
}
