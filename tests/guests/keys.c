/* SPDX-License-Identifier: MIT */
/*
 * The TRAP and MMIO entries of mmu/spte.h in a PTE where no bit is reserved: on
 * a processor with protection keys for supervisor pages each access faults with
 * P=1, in any state of the guest. For the bare machine: Umbra offers these keys
 * to no guest.
 */
#include "tests/guests/paging.h"

#define MSR_PKRS 0x6e1
#define STATES 8 /* WP, SMEP, SMAP */

/* All bits of the address and above, so key 15 and NX; and bit 7. */
#define TRAP (BITS(63, 12) | PTE_PS | PTE_P)
#define KEY_OF_TRAP BITS(62, 59)
#define PKRS_OF_TRAP BITS(31, 30)
/* The bits that MMIO entries use. */
static const u32 mmio_bits[] = { PTE_W, PTE_D, BIT(9), BIT(10), BIT(11) };

static struct chain chain;

static void write_pkrs(u32 value)
{
	__asm__ volatile("wrmsr" : : "c"(MSR_PKRS), "a"(value), "d"(0));
}

/* Returns the error code; 0: no fault. */
static u32 fault_code(u64 pte, u32 user, enum try_kind kind, u32 ac)
{
	entry_write(chain.entry[1], pte);
	invlpg(chain.gva);
	tried = (struct try){
		.gva = chain.gva, .kind = kind, .user = user, .ac = ac
	};
	try();
	return tried.trapped && tried.vector == VECTOR_PF ? tried.error_code
							  : 0;
}

static void print_difference(const char *wrong, u64 pte, u32 code)
{
	print("  %s: %s %u, wp %u smep %u smap %u ac %u: PTE %llx, error code "
	      "%x\n",
	      wrong, tried.user ? "user" : "kernel", tried.kind, controls.wp,
	      controls.smep, controls.smap, tried.ac, pte, code);
}

/* P=1 for all; and PK=1 for the reads that Umbra must not take for SMAP's. */
static void no_access_may(u64 pte)
{
	for (u32 access = 0; access < 12; access++) {
		u32 kind = access % 3, user = access / 3 & 1;
		u32 code =
			fault_code(pte, user, (enum try_kind)kind, access / 6);
		bool keyed = kind == TRY_READ && !user;

		if (check_failed((code & (PFEC_P | PFEC_RSVD)) == PFEC_P &&
				 (!keyed || code & PFEC_PK)))
			print_difference("an access to a TRAP", pte, code);
	}
}

/* The key alone decides: without it the kernel reads the frame. */
static void key_decides(void)
{
	u64 pte = (chain.link[1] & ~(u64)PTE_U) | PTE_NX | KEY_OF_TRAP;
	u32 code;

	write_pkrs(0);
	code = fault_code(pte, 0, TRY_READ, 0);
	if (check_failed(!code))
		print_difference("no key is denied", pte, code);
	write_pkrs((u32)PKRS_OF_TRAP);
	code = fault_code(pte, 0, TRY_READ, 0);
	if (check_failed(code == (PFEC_P | PFEC_PK)))
		print_difference("the key is denied", pte, code);
	no_access_may(pte);
}

static void try_entries(void)
{
	/* The processor takes MAXPHYADDR bits of the address. */
	u64 trap = TRAP & (BITS(63, 52) | (BIT(maxphyaddr) - 1));

	key_decides();
	for (u32 i = 0; i < BIT(ARRAY_SIZE(mmio_bits)); i++) {
		u64 pte = trap;

		for (u32 bit = 0; bit < ARRAY_SIZE(mmio_bits); bit++)
			if (i & BIT(bit))
				pte |= mmio_bits[bit];
		no_access_may(pte);
	}
}

void main(const char *arguments)
{
	(void)arguments;
	mode_enter(MODE_LONG);
	chain_build(&chain);
	write_cr4(read_cr4() | CR4_PKS);
	for (u32 state = 0; state < STATES; state++) {
		const struct controls next = { .wp = state & 1,
					       .nxe = true,
					       .smep = state & 2,
					       .smap = state & 4 };

		controls_load(&next);
		try_entries();
	}
	mode_leave();
}
