/* SPDX-License-Identifier: MIT */
/* The cache of decoded instructions always gives the decoder's result. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/x86/emulator/insn_cache.h"

#define RIP 0xffffffff81000000ULL
#define RANDOM_INSNS 200000

static struct insn_cache cache;

static const u8 store_64[] = { 0x48, 0x89, 0x07 }; /* MOV [RDI], RAX */
static const u8 store_32[] = { 0x89, 0x07 }; /* MOV [RDI], EAX */
static const u8 unknown[] = { 0x0f, 0x0b }; /* UD2 */

static int set_up(void **state)
{
	(void)state;
	memset(&cache, 0, sizeof(cache));
	return 0;
}

static const struct insn *decode(u64 rip, const u8 *bytes, size_t available)
{
	return insn_decode_cached(&cache, rip, bytes, available, INSN_MODE_64);
}

static void remembers(void **state)
{
	const struct insn *insn = decode(RIP, store_64, sizeof(store_64));

	(void)state;
	assert_non_null(insn);
	assert_int_equal(insn->length, sizeof(store_64));
	assert_int_equal(insn->operand_size, 8);
	assert_ptr_equal(decode(RIP, store_64, sizeof(store_64)), insn);
	assert_int_equal(insn->operand_size, 8);
}

static void notices_new_code(void **state)
{
	(void)state;
	decode(RIP, store_64, sizeof(store_64));
	assert_int_equal(decode(RIP, store_32, sizeof(store_32))->operand_size,
			 4);
	assert_null(decode(RIP, unknown, sizeof(unknown)));
	assert_null(decode(RIP, unknown, sizeof(unknown)));
	assert_int_equal(decode(RIP, store_64, sizeof(store_64))->operand_size,
			 8);
}

static void tells_addresses_apart(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		assert_int_equal(
			decode(RIP, store_64, sizeof(store_64))->length, 3);
		assert_int_equal(decode(RIP + INSN_CACHE_SLOTS, store_32,
					sizeof(store_32))
					 ->length,
				 2);
	}
}

/* 48h is REX.W in 64-bit mode alone; elsewhere it is DEC EAX. */
static void tells_modes_apart(void **state)
{
	(void)state;
	assert_non_null(decode(RIP, store_64, sizeof(store_64)));
	assert_null(insn_decode_cached(&cache, RIP, store_64, sizeof(store_64),
				       INSN_MODE_32));
}

/* The rest of the instruction may be on a page without the right to fetch. */
static void needs_all_bytes(void **state)
{
	(void)state;
	assert_non_null(decode(RIP, store_64, sizeof(store_64)));
	assert_null(decode(RIP, store_64, sizeof(store_64) - 1));
}

static void assert_same_insn(const struct insn *a, const struct insn *b)
{
	assert_int_equal(a->op, b->op);
	assert_int_equal(a->mode, b->mode);
	assert_int_equal(a->length, b->length);
	assert_int_equal(a->operand_size, b->operand_size);
	assert_int_equal(a->memory_size, b->memory_size);
	assert_int_equal(a->address_size, b->address_size);
	assert_int_equal(a->dst, b->dst);
	assert_int_equal(a->src, b->src);
	assert_int_equal(a->reg, b->reg);
	assert_int_equal(a->imm, b->imm);
	assert_int_equal(a->mem.base, b->mem.base);
	assert_int_equal(a->mem.index, b->mem.index);
	assert_int_equal(a->mem.disp, b->mem.disp);
}

static void random_code(void **state)
{
	static const u8 opcodes[] = { 0x48, 0x66, 0x89, 0x88, 0xc7, 0x01,
				      0xf0, 0x87, 0x0f, 0xb1, 0xa4, 0x83 };
	u8 code[INSN_MAX_LENGTH];
	int found = 0;

	(void)state;
	srandom(1);
	for (int i = 0; i < RANDOM_INSNS; i++) {
		enum insn_mode mode = random() & 1 ? INSN_MODE_64
						   : INSN_MODE_32;
		size_t available = 1 + random() % sizeof(code);
		u64 rip = RIP + random() % 4;
		const struct insn *cached, *quick = NULL;
		struct insn insn;
		bool known;

		/* Few codes, so that many are met again, whole and in part. */
		for (size_t j = 0; j < sizeof(code); j++)
			code[j] =
				j < 3 ? opcodes[random() % ARRAY_SIZE(opcodes)]
				      : random() & 1;
		known = insn_decode(&insn, code, available, mode) == INSN_OK;
		if (available >= sizeof(u64))
			quick = insn_cached(&cache, rip, code, mode);
		if (quick) {
			assert_true(known);
			assert_same_insn(quick, &insn);
			found++;
		}
		cached = insn_decode_cached(&cache, rip, code, available, mode);
		assert_int_equal(cached != NULL, known);
		if (known)
			assert_same_insn(cached, &insn);
	}
	assert_true(found > RANDOM_INSNS / 1000);
}

/* The slot of an undecodable instruction has the bytes of the one before. */
static void forgets_for_unknown(void **state)
{
	u8 code[INSN_MAX_LENGTH] = { 0 };

	(void)state;
	memcpy(code, store_64, sizeof(store_64));
	decode(RIP, code, sizeof(code));
	assert_non_null(insn_cached(&cache, RIP, code, INSN_MODE_64));
	assert_null(decode(RIP, unknown, sizeof(unknown)));
	assert_null(insn_cached(&cache, RIP, code, INSN_MODE_64));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(remembers, set_up),
		cmocka_unit_test_setup(notices_new_code, set_up),
		cmocka_unit_test_setup(tells_addresses_apart, set_up),
		cmocka_unit_test_setup(tells_modes_apart, set_up),
		cmocka_unit_test_setup(forgets_for_unknown, set_up),
		cmocka_unit_test_setup(needs_all_bytes, set_up),
		cmocka_unit_test_setup(random_code, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
