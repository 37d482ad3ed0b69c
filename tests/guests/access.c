/* SPDX-License-Identifier: MIT */
/*
 * Every combination of the bits that decide about an access, in each paging
 * mode: P, W, U, NX, A, D, PS and a reserved bit in PTE and PDE, the rights of
 * the levels above, CR0.WP, EFER.NXE, SMEP, SMAP and RFLAGS.AC; read, write and
 * fetch, from both privileges; fault or none, error code, CR2, the page
 * reached, A and D.
 *
 * Arguments: stride=N tries every Nth combination only; mode=N one mode
 * (enum mode; default: all); upper=N every Nth combination below each variant
 * of the levels above the PDE (default 16).
 */
#include "tests/guests/paging.h"

/* The parts of a combination, for one entry. */
#define BIT_NOT_P 0x01
#define BIT_NOT_W 0x02
#define BIT_NOT_U 0x04
#define BIT_NX 0x08
#define BIT_NOT_A 0x10
#define BIT_RSVD 0x20
#define BIT_D_OR_PS 0x40 /* in a PTE: D clear; in a PDE: PS */
#define COMBINATIONS 0x80

/* Bits that don't matter: a hash sets them one way or the other. */
#define IGNORED (BITS(11, 9) | PTE_PWT | PTE_PCD)
#define HASH_MULTIPLIER 0x9e3779b1

static u32 stride, upper_stride;
static u32 count; /* number of combinations, tried or not */

static u64 reserved_bit(bool large)
{
	switch (mode) {
	case MODE_PSE:
		return large ? BIT(21) : 0;
	case MODE_PAE:
		return BIT(52 + count % 11);
	case MODE_LONG:
		return maxphyaddr < 52 ? BIT(maxphyaddr) : 0;
	default:
		return 0;
	}
}

static u64 entry_of(u64 link, u32 bits, bool large)
{
	u64 ignored = (u64)(count * HASH_MULTIPLIER) >> 16 & IGNORED;

	link |= ignored;
	link &= ~(bits & BIT_NOT_P ? PTE_P : 0);
	link &= ~(bits & BIT_NOT_W ? PTE_W : 0);
	link &= ~(bits & BIT_NOT_U ? PTE_U : 0);
	link &= ~(bits & BIT_NOT_A ? PTE_A : 0);
	link |= bits & BIT_NX ? PTE_NX : 0;
	link |= bits & BIT_RSVD ? reserved_bit(large) : 0;
	return link;
}

/* Returns true if the mode has these bits. */
static bool is_possible(u32 bits)
{
	bool wide = mode == MODE_PAE || mode == MODE_LONG;

	if (bits & BIT_NX && !(wide && has_nx))
		return false;
	return !(bits & BIT_RSVD) || reserved_bit(true);
}

/*
 * The six accesses. The entries are restored before each, since A and D change.
 */
static void verify_all(const struct chain *chain, u64 pde, u64 pte, u32 ac)
{
	u32 access;

	for (access = 0; access < 6; access++) {
		entry_write(chain->entry[2], pde);
		entry_write(chain->entry[1], pte);
		invlpg(chain->gva);
		verify(chain->gva, access & 1, access / 2, ac);
	}
}

static void verify_bits(const struct chain *chain, u32 pde_bits, u32 pte_bits,
			u32 ac)
{
	bool large = pde_bits & BIT_D_OR_PS;
	u64 pde, pte;

	pde = entry_of(large ? chain->large | (chain->link[2] & BITS(11, 0))
			     : chain->link[2],
		       pde_bits, large);
	pte = entry_of(chain->link[1], pte_bits, false);
	if (pte_bits & BIT_D_OR_PS) {
		pte &= ~PTE_D;
		pde &= ~(large ? PTE_D : 0);
	}
	verify_all(chain, pde, pte, ac);
}

/* Returns true if the PDE alone decides, and only D of the PTE may count. */
static bool is_redundant(u32 pde_bits, u32 pte_bits)
{
	if (pde_bits & (BIT_NOT_P | BIT_RSVD))
		return pte_bits;
	return pde_bits & BIT_D_OR_PS && has_large_pages() &&
	       pte_bits & ~BIT_D_OR_PS;
}

static void sweep(const struct chain *chain, u32 every, u32 ac)
{
	u32 pde_bits, pte_bits;

	for (pde_bits = 0; pde_bits < COMBINATIONS; pde_bits++) {
		if (!is_possible(pde_bits))
			continue;
		for (pte_bits = 0; pte_bits < COMBINATIONS; pte_bits++) {
			if (!is_possible(pte_bits) ||
			    is_redundant(pde_bits, pte_bits))
				continue;
			if (count++ % every == 0)
				verify_bits(chain, pde_bits, pte_bits, ac);
		}
	}
}

/* The levels above the PDE, one bit of one of them at a time. */
static void sweep_upper(const struct chain *chain, u32 ac)
{
	static const u64 off[] = { PTE_P, PTE_W, PTE_U, PTE_A };
	u64 on[] = { PTE_NX, PTE_PS, reserved_bit(false) };
	u32 level, i;

	for (level = 3; level <= top_level(); level++) {
		for (i = 0; i < ARRAY_SIZE(off) + ARRAY_SIZE(on); i++) {
			u64 link = chain->link[level];

			if (i < ARRAY_SIZE(off))
				link &= ~off[i];
			else
				link |= on[i - ARRAY_SIZE(off)];
			entry_write(chain->entry[level], link);
			write_cr3(read_cr3());
			sweep(chain, stride * upper_stride, ac);
		}
		entry_write(chain->entry[level], chain->link[level]);
	}
	write_cr3(read_cr3());
}

static void check_controls(const struct chain *chain, u32 ac)
{
	sweep(chain, stride, ac);
	if (mode == MODE_LONG)
		sweep_upper(chain, ac);
}

/* A PAE guest's PDPTEs are checked when CR3 is loaded: SDM vol. 3A, 4.4.1. */
static void check_pdptes(const struct chain *chain)
{
	u64 reserved = BITS(2, 1) | BITS(8, 5) | BITS(63, maxphyaddr);
	bool fault;
	u64 pdpte;
	u32 i;

	tried.user = tried.ac = 0;
	tried.kind = TRY_CR3;
	for (i = 0; i < 2 * 64; i++) {
		pdpte = chain->link[3] | BIT(i / 2);
		pdpte &= ~(i % 2 ? 0 : PTE_P);
		entry_write(chain->entry[3], pdpte);
		tried.value = read_cr3();
		try();
		fault = pdpte & PTE_P && pdpte & reserved;
		if (check_failed(tried.trapped == fault &&
				 (!fault || (tried.vector == VECTOR_GP &&
					     !tried.error_code))))
			print("  CR3 load with PDPTE %llx: trap %u, vector "
			      "%u\n",
			      pdpte, tried.trapped, tried.vector);
	}
	/* A change in memory has no effect until it is loaded. */
	entry_write(chain->entry[3], chain->link[3]);
	write_cr3(read_cr3());
	entry_write(chain->entry[3], 0);
	invlpg(chain->gva);
	tried.gva = chain->gva;
	tried.kind = TRY_READ;
	try();
	if (check_failed(!tried.trapped))
		print("  a PDPTE was read from memory\n");
	/* A change of CR4.PGE loads the PDPTEs, so the access now faults. */
	write_cr4(read_cr4() ^ CR4_PGE);
	verify(chain->gva, 0, TRY_READ, 0);
	entry_write(chain->entry[3], chain->link[3]);
	write_cr4(read_cr4() ^ CR4_PGE);
	verify(chain->gva, 0, TRY_READ, 0);
}

/*
 * A load of GS reads a descriptor from the LDT and sets its accessed bit. These
 * are a supervisor's accesses at every privilege, and implicit ones (4.6.1).
 * Not tested: that SMAP denies them even with AC=1, since Bochs 2.7 allows
 * them.
 */
__asm__(".text\n"
	"load_gs_kernel: mov %eax, %gs; ret\n"
	".section .user\n"
	"load_gs_user: mov %eax, %gs; ret\n"
	".text\n");
extern const u8 load_gs_kernel[], load_gs_user[];
extern u64 gdt[];

#define GDT_LDT 10 /* free for guests in start.asm's GDT */
#define LDT_PRESENT 0x82ULL
#define LDT_SELECTOR 0x0f /* its entry 1, RPL 3 */
#define USER_SEGMENT 0x00cff2000000ffffULL /* writable, not accessed */
#define ACCESSED BIT(40)

static void verify_load(const struct chain *chain, bool user_page,
			bool writable, bool smap)
{
	u64 *descriptor = (u64 *)(u32)(chain->link[1] & PTE_ADDR_MASK) + 1;
	bool denied = user_page && smap, read_only = !writable && controls.wp;
	bool fault = denied || read_only;
	u64 d;

	*descriptor = USER_SEGMENT;
	entry_write(chain->entry[1],
		    chain->link[1] & ~(PTE_D | (user_page ? 0 : PTE_U) |
				       (writable ? 0 : PTE_W)));
	invlpg(chain->gva);
	tried.value = LDT_SELECTOR;
	try();
	d = entry_read(chain->entry[1]) & PTE_D;
	if (check_failed(
		    tried.trapped == fault &&
		    (!fault ||
		     (tried.vector == VECTOR_PF &&
		      tried.cr2 / 8 == chain->gva / 8 + 1 &&
		      tried.error_code == (PFEC_P | (denied ? 0 : PFEC_W)))) &&
		    *descriptor == (USER_SEGMENT | (fault ? 0 : ACCESSED)) &&
		    !d == fault))
		print("  %s loads GS from %s page: smap %u ac %u wp %u, %s "
		      "vector %u(%x) D %u\n",
		      tried.user ? "user" : "kernel",
		      user_page ? "a user" : "a kernel", smap, tried.ac,
		      controls.wp, tried.trapped ? "a" : "no", tried.vector,
		      tried.error_code, (u32) !!d);
}

static void check_implicit(const struct chain *chain)
{
	u64 base = chain->gva;
	u32 i;

	gdt[GDT_LDT] = (2 * sizeof(u64) - 1) | (base & BITS(23, 0)) << 16 |
		       LDT_PRESENT << 40 | (base & BITS(31, 24)) << 32;
	__asm__ volatile("lldt %w0" : : "r"(GDT_LDT * 8));
	entry_write(chain->entry[2], chain->link[2]);
	for (i = 0; i < 128; i++) {
		struct controls c = { .wp = i & 1,
				      .smap = i & 2,
				      .smep = i & 64 };

		if (c.smep && !has_smep)
			continue;
		tried.user = i & 4;
		tried.ac = i & 8;
		if (c.smap && (!has_smap || (tried.ac && i & 16)))
			continue;
		controls_load(&c);
		tried.kind = tried.user ? TRY_FETCH : TRY_CALL;
		tried.gva = (u32)(tried.user ? load_gs_user : load_gs_kernel);
		verify_load(chain, i & 16, i & 32, c.smap);
	}
	__asm__ volatile("mov %w0, %%gs; lldt %w0" : : "r"(0));
}

/* Bit 0: WP, 1: NXE, 2: SMEP, 3: SMAP, 4: AC. */
#define CONTROLS 32

static void check_mode(enum mode next)
{
	static const struct controls off;
	struct controls c = off;
	struct chain chain;
	u32 i;

	mode_enter(next);
	chain_build(&chain);
	controls = (struct controls){ .wp = true };
	for (i = 0; i < CONTROLS; i++) {
		c.wp = i & 1;
		c.nxe = i & 2;
		c.smep = i & 4;
		c.smap = i & 8;
		c.pge = (i ^ i >> 2) & 1;
		if ((c.nxe && !has_nx) || (c.smep && !has_smep) ||
		    (c.smap && !has_smap) || (i & 16 && !c.smap))
			continue;
		controls_load(&c);
		check_controls(&chain, i & 16);
	}
	if (mode != MODE_LONG) /* where an LDT's descriptor is another one */
		check_implicit(&chain);
	c = off;
	c.wp = true;
	controls_load(&c);
	entry_write(chain.entry[2], chain.link[2]);
	entry_write(chain.entry[1], chain.link[1]);
	if (mode == MODE_PAE)
		check_pdptes(&chain);
	mode_leave();
	print("access: %s done\n", mode_names[next]);
}

void main(const char *arguments)
{
	u32 only = argument(arguments, "mode", MODES);
	enum mode next;

	stride = argument(arguments, "stride", 1);
	upper_stride = argument(arguments, "upper", 16);
	for (next = MODE_2LEVEL; next < MODES; next++)
		if (only == MODES || only == next)
			check_mode(next);
}
