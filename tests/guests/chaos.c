/* SPDX-License-Identifier: MIT */
/*
 * The acts of a malicious or a mad kernel, at random. Umbra must neither panic
 * nor hang. This guest must survive each operation, as a kernel with a trap
 * handler does. With lethal=1 the operations that it may not survive come last,
 * and Umbra must report how it ended.
 *
 * Arguments: seed=N, ops=N, mode=N (one mode only), lethal=1, op=N (one
 * operation only, by its number), verbose=1 (names each before it runs).
 */
#include "tests/guests/chaos.h"

#define OPS_DEFAULT 100000
#define OPS_PER_MODE 512
#define LETHAL_OPS_MAX 4096

struct chain chaos_chain;
static u64 state;
static u32 traps;

/* Marsaglia's xorshift. */
u64 random_64(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

u32 random(void)
{
	return (u32)(random_64() >> 32);
}

u32 random_below(u32 n)
{
	return random() % n;
}

u32 random_bits(void)
{
	switch (random_below(4)) {
	case 0:
		return 1U << random_below(32);
	case 1:
		return ~(1U << random_below(32));
	case 2:
		return random_below(256);
	default:
		return random();
	}
}

/* The data of chaos64.asm; its table ends with a 0. */
u64 chaos_value, chaos_memory;
extern const u32 chaos64_ops[];

static void perform_64(void)
{
	u32 count = 0;

	while (chaos64_ops[count])
		count++;
	chaos_value = random_below(2) ? random_64() : BIT(random_below(64));
	chaos_memory = SCRATCH_GPA + random_below(16) * 64;
	/* A fetch from the kernel, in long mode, is a call of 64-bit code. */
	tried.kind = TRY_FETCH;
	tried.user = tried.ac = 0;
	tried.value = random_bits();
	tried.gva = chaos64_ops[random_below(count)];
	try();
	traps += tried.trapped;
}

static void perform_op(const struct chaos_op *op, bool verbose)
{
	if (verbose)
		print("chaos: %s\n", op->name);
	tried.kind = op->run ? TRY_CALL : TRY_READ;
	tried.user = op->run ? 0 : random() & 1;
	tried.ac = random() & 1;
	tried.gva = op->run ? (u32)op->run : chaos_chain.gva;
	try();
	traps += tried.trapped;
}

/* Restores the state after mode_enter(), whatever the operation has left. */
static void restore_mode(enum mode next)
{
	mode_leave();
	mode_enter(next);
	chain_build(&chaos_chain);
	controls = (struct controls){ .wp = true };
}

static const struct chaos_op *survivable_op(u32 number)
{
	return number < chaos_op_count
		       ? &chaos_ops[number]
		       : &chaos_memory_ops[number - chaos_op_count];
}

static void run_survivable(u32 seed, u32 count, u32 only_mode, u32 only_op,
			   bool verbose)
{
	enum mode next = MODE_UNPAGED;
	u32 i, number;

	for (i = 0; i < count; i++) {
		if (i % OPS_PER_MODE == 0) {
			next = only_mode != MODES
				       ? only_mode
				       : MODE_2LEVEL + random_below(4);
			restore_mode(next);
		}
		number = only_op != ~0U ? only_op
					: random_below(chaos_op_count +
						       chaos_memory_op_count);
		if (mode == MODE_LONG && !random_below(4))
			perform_64();
		else
			perform_op(survivable_op(number), verbose);
		mode_repair();
		check_failed(true);
	}
	print("chaos: survived %u operations of seed %u, %u of them trapped\n",
	      count, seed, traps);
}

static void run_lethal(bool verbose)
{
	u32 i;

	for (i = 0; i < LETHAL_OPS_MAX; i++) {
		perform_op(
			&chaos_lethal_ops[random_below(chaos_lethal_op_count)],
			verbose);
		mode_repair();
	}
	print("chaos: nothing was lethal\n");
	restore_mode(MODE_2LEVEL);
}

void main(const char *arguments)
{
	u32 seed = argument(arguments, "seed", 1);
	u32 count = argument(arguments, "ops", OPS_DEFAULT);
	u32 mode_only = argument(arguments, "mode", MODES);
	u32 op_only = argument(arguments, "op", ~0U);
	bool verbose = argument(arguments, "verbose", 0);

	state = ((u64)seed << 32 | ~seed) ^ 0x2545f4914f6cdd1d;
	print("chaos: seed %u, %u operations\n", seed, count);
	run_survivable(seed, count, mode_only, op_only, verbose);
	if (argument(arguments, "lethal", 0))
		run_lethal(verbose);
	mode_leave();
}
