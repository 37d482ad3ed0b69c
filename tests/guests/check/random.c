/* SPDX-License-Identifier: MIT */
/*
 * The check of cases that no other check has: random instructions write random
 * entries into a few frames, which serve as tables of every level and as data
 * at once; after each change an access to some address is checked.
 */
#include "tests/guests/check/check.h"

#define FRAMES 8
#define STEPS 4000
#define MODE_STEPS 64 /* between changes of mode */
#define INDICES 4 /* number of entries in use, of each frame */
#define SEED 0x2545f4914f6cdd1d

static u64 random_state;

/* Marsaglia's xorshift; @n is small. */
static u32 random_below(u32 n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 32) % n;
}

/*
 * Mostly present and permissive: otherwise every walk would end at the top.
 * Sometimes a large page, of all the frames.
 */
static u64 random_entry(u64 *const frames[FRAMES])
{
	u64 entry = (u64)frames[random_below(FRAMES)];

	if (!random_below(8))
		entry = PAGES_GPA | PTE_PS;
	entry |= random_below(8) ? PTE_P : 0;
	entry |= random_below(6) ? PTE_W : 0;
	entry |= random_below(6) ? PTE_U : 0;
	entry |= random_below(2) ? PTE_A : 0;
	entry |= random_below(2) ? PTE_D : 0;
	entry |= random_below(8) ? 0 : PTE_NX;
	if (maxphyaddr < 52 && !random_below(32))
		entry |= BIT(maxphyaddr);
	return entry;
}

static gva_t random_gva(void)
{
	return WINDOW_GVA + random_below(INDICES) * GIB +
	       random_below(INDICES) * LARGE_PAGE_SIZE +
	       random_below(INDICES) * PAGE_SIZE +
	       random_below(INDICES) * sizeof(u64);
}

static void change_entry(u64 *const frames[FRAMES])
{
	const struct write_op *op = &write_ops[random_below(write_op_count)];
	u64 entry = random_entry(frames);
	u64 *where;

	if (!random_below(16)) {
		boot_pml4[WINDOW_PML4_INDEX] = entry & ~PTE_PS;
		return;
	}
	/* Even, since the instruction may want its operand aligned. */
	where = &frames[random_below(FRAMES)][2 * random_below(INDICES / 2)];
	where[1] = random_below(4) ? where[1] : random_entry(frames);
	op->run(where, *where, entry);
	require(*where == entry, op->name);
}

static void change_mode(void)
{
	set_nxe(random_below(4));
	write_cr0(random_below(2) ? read_cr0() ^ CR0_WP : read_cr0());
}

void check_random(void)
{
	u64 *frames[FRAMES];
	gva_t gva;
	u32 i;

	random_state = SEED;
	for (i = 0; i < FRAMES; i++)
		frames[i] = frame_alloc();
	for (i = 0; i < FRAMES * INDICES; i++)
		frames[i / INDICES][i % INDICES] = random_entry(frames);
	for (i = 0; i < STEPS / stride; i++) {
		if (i % MODE_STEPS == 0)
			change_mode();
		change_entry(frames);
		gva = random_gva();
		if (random_below(4))
			invlpg(gva);
		else
			flush_all();
		verify_access(gva, random_below(2), random_below(ACCESS_KINDS));
		verify_access(gva, random_below(2), random_below(ACCESS_KINDS));
	}
	set_nxe(true);
	write_cr0(read_cr0() | CR0_WP);
}
