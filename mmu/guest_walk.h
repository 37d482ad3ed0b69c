/* SPDX-License-Identifier: MIT */
/* The result of a walk of the guest's own tables, and the rights in it. */
#ifndef MMU_GUEST_WALK_H
#define MMU_GUEST_WALK_H

#include "arch/x86/regs.h"
#include "lib/types.h"
#include "mmu/paging.h"

#define PT_LEVELS 4
/* A walk.level above every table: all of the address space is one page. */
#define LEVEL_UNPAGED 5

/*
 * A bit of an access, besides W, U and I/D of a page-fault error code: the
 * access is explicit and EFLAGS.AC is 1, so SMAP does not forbid it (SDM vol.
 * 3A, 4.6.1).
 */
#define WALK_AC BIT(31)

/* Rights of a page: those that the entries of all levels give. */
enum access {
	ACCESS_W = BIT(0), /* writable */
	ACCESS_U = BIT(1), /* user-accessible */
	ACCESS_X = BIT(2), /* executable */
	ACCESS_ALL = ACCESS_W | ACCESS_U | ACCESS_X
};

enum walk_status {
	WALK_OK, /* the access is permitted; gpa is valid */
	WALK_NOT_PRESENT, /* an entry has P=0 */
	WALK_RESERVED, /* an entry has a reserved bit set */
	WALK_DENIED /* the rights forbid the access */
};

/*
 * A table in memory at which a walk may begin. The entries above it are known:
 * they lead here, have A=1, and give @rights (enum access) together.
 */
struct walk_start {
	gfn_t table;
	u8 level;
	u8 rights;
};

struct guest_walk {
	gva_t gva;
	gpa_t gpa;
	enum walk_status status;
	u32 error_code; /* of the #PF for the guest, if status is not OK */
	u8 first; /* level of the first table that was read; 0: none */
	u8 above; /* rights that the entries above that table give */
	u8 level; /* of the last entry: of the leaf, if status is OK */
	bool dirty; /* the leaf's D flag, after the walk */
	/*
	 * By level, from `first` down to `level`: the frame of the table, its
	 * entry, and the rights that this entry and those above it give. The
	 * PDPTEs of PAE paging are in registers and have no frame.
	 */
	gfn_t table[PT_LEVELS + 1];
	u64 pte[PT_LEVELS + 1];
	u8 access[LEVEL_UNPAGED + 1];
};

#endif
