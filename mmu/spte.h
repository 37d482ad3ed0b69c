/* SPDX-License-Identifier: MIT */
/*
 * Shadow page-table entries: the five kinds and how they are told apart.
 *
 *   ABSENT  The guest maps nothing here. The value is 0: it has no bit of the
 *           guest's entry, so nothing speculates through it (L1TF). The
 *           processor raises the guest's own #PF with P=0, which need not exit.
 *   TRAP    The guest may map a page here that Umbra has not shadowed yet.
 *           P=1 and reserved bits are set: the processor raises #PF with P=1
 *           and RSVD=1, which exits; Umbra fills the entry. Where no bit is
 *           reserved, its protection key denies all accesses that NX and U=0
 *           do not deny: #PF with P=1.
 *   MMIO    A TRAP that remembers the result of a walk: there is no RAM. The
 *           rights are in bits below 12, the frame is beside the table: through
 *           a real address here the processor could speculate.
 *   TABLE   A real entry that names a shadow page of the next level.
 *   LEAF    A real entry that names a frame of the guest, or (PS) 512 of
 *           them.
 *
 * Why TRAP is reserved at every level (SDM vol. 3A, 4.4.2 and 4.5): bit 7 is
 * reserved in a PML4E; in a PDE or PDPTE it is PS, and of a page's address the
 * bits below its size are reserved; in a PTE of PAE paging bits 62:52 are, and
 * with EFER.NXE=0 bit 63 is in all of them. What remains is the PTE of 4-level
 * paging with NXE=1, where only the bits from MAXPHYADDR to 51 are reserved:
 * there may be none. Then TRAP is a translation there, of the last frame that
 * an address can name. No access may use it (SDM vol. 3A, 4.6): it has U=0
 * against the user, NX against fetches, and key 15 in bits 62:59, which
 * IA32_PKRS denies to the supervisor's reads and writes, implicit ones
 * included, while CR4.PKS is 1. A processor without PKS has no such entry:
 * there TRAP has P=0, and every #PF must exit.
 */
#ifndef MMU_SPTE_H
#define MMU_SPTE_H

#include "arch/x86/regs.h"
#include "lib/types.h"
#include "mmu/guest_walk.h"

enum spte_kind { SPTE_ABSENT, SPTE_TRAP, SPTE_MMIO, SPTE_TABLE, SPTE_LEAF };

/* The frames of a large leaf: 2 MiB, at level 2. */
#define LARGE_LEVEL 2
#define LARGE_FRAMES 512

#define SPTE_ABSENT_VALUE 0ULL
/* No real entry has this value, as no frame has an address of all ones. */
#define SPTE_TRAP_BITS (BITS(63, 12) | PTE_PS)
/* IA32_PKRS: AD and WD of the key that TRAP has, SDM vol. 3A, 4.6.2. */
#define SPTE_TRAP_PKRS BITS(31, 30)

static inline u64 spte_trap(bool present)
{
	return SPTE_TRAP_BITS | (present ? PTE_P : 0);
}

/*
 * The mark of an MMIO entry, and the rights of the guest's tables. The
 * processor's own U stays 0: see above. So does G (bit 8): a translation that
 * outlives the flushes of invariant 6 would be used where no key guards it,
 * when the guest has left long mode.
 */
#define SPTE_MMIO_KIND BIT(11)
#define SPTE_MMIO_W BIT(1)
#define SPTE_MMIO_U BIT(10)
#define SPTE_MMIO_X BIT(9)
#define SPTE_MMIO_D BIT(6)

/* @rights: enum access. @dirty: D is 1 in the guest's entry. */
static inline u64 spte_make_mmio(bool present, u8 rights, bool dirty)
{
	return spte_trap(present) | SPTE_MMIO_KIND |
	       (rights & ACCESS_W ? SPTE_MMIO_W : 0) |
	       (rights & ACCESS_U ? SPTE_MMIO_U : 0) |
	       (rights & ACCESS_X ? SPTE_MMIO_X : 0) |
	       (dirty ? SPTE_MMIO_D : 0);
}

static inline u8 spte_mmio_rights(u64 spte)
{
	return (spte & SPTE_MMIO_W ? ACCESS_W : 0) |
	       (spte & SPTE_MMIO_U ? ACCESS_U : 0) |
	       (spte & SPTE_MMIO_X ? ACCESS_X : 0);
}

/* Returns true for the kind TABLE: above level 1 it alone has P=1 and PS=0. */
static inline bool spte_is_table(u64 spte, u8 level)
{
	return level > 1 && (spte & (PTE_P | PTE_PS)) == PTE_P;
}

static inline enum spte_kind spte_kind(u64 spte, u8 level)
{
	/* TRAP, MMIO and a large LEAF have this bit; most entries have not. */
	if (!(spte & PTE_PS)) {
		if (spte == SPTE_ABSENT_VALUE)
			return SPTE_ABSENT;
		return level > 1 ? SPTE_TABLE : SPTE_LEAF;
	}
	if ((spte & SPTE_TRAP_BITS) != SPTE_TRAP_BITS)
		return SPTE_LEAF;
	return spte & SPTE_MMIO_KIND ? SPTE_MMIO : SPTE_TRAP;
}

/*
 * Makes an entry for the shadow page at @table with @rights (enum access), which
 * the processor combines with those below. If @rights is ACCESS_ALL, the rights
 * of the guest's entry are in the role of the child, and its leaves have them.
 */
static inline u64 spte_make_table(hpa_t table, u8 rights)
{
	return table | PTE_P | (rights & ACCESS_W ? PTE_W : 0) |
	       (rights & ACCESS_U ? PTE_U : 0) |
	       (rights & ACCESS_X ? 0 : PTE_NX);
}

/* Returns the rights (enum access) of a real entry that is no PDPTE. */
static inline u8 spte_rights(u64 spte)
{
	return (spte & PTE_W ? ACCESS_W : 0) | (spte & PTE_U ? ACCESS_U : 0) |
	       (spte & PTE_NX ? 0 : ACCESS_X);
}

/* Makes a PAE PDPTE: the bits of rights are reserved (SDM vol. 3A, table 4-8). */
static inline u64 spte_make_pdpte(hpa_t table)
{
	return table | PTE_P;
}

/*
 * A LEAF's bit that the processor ignores: W is 0 only because the frame is a
 * guest table. W becomes 1 when the frame is no table any more.
 */
#define SPTE_LEAF_HELD BIT(9)

static inline bool spte_is_held(u64 spte, u8 level)
{
	return spte_kind(spte, level) == SPTE_LEAF && (spte & SPTE_LEAF_HELD);
}

/*
 * Makes an entry for the host frame @hfn with @rights (enum access). A and D
 * are 0: the processor sets A, and so Umbra learns that the entry has been
 * used. The memory type is write-back, whatever the guest's PWT, PCD and PAT
 * say: guest RAM is RAM, and the strongest caching keeps it coherent.
 */
static inline u64 spte_make_leaf(hfn_t hfn, u8 rights)
{
	return (hfn << PAGE_SHIFT) | PTE_P | (rights & ACCESS_W ? PTE_W : 0) |
	       (rights & ACCESS_U ? PTE_U : 0) |
	       (rights & ACCESS_X ? 0 : PTE_NX);
}

/* Returns the number of the entry for @gva in a shadow table at @level. */
static inline u32 pt_index(gva_t gva, u8 level)
{
	return gva >> (PAGE_SHIFT + 9 * (level - 1)) & 511;
}

/* Returns the number of 4 KiB frames that a shadow entry at @level spans. */
static inline u64 pt_span(u8 level)
{
	return 1ULL << 9 * (level - 1);
}

#endif
