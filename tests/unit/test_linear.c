/* SPDX-License-Identifier: MIT */
/*
 * Tests of the access to the guest's memory: segments, canonical form, the wrap
 * of addresses, translations that are kept, and operands in two pages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "arch/x86/emulator/linear.h"

#define PAGES 4
#define DATA (AR_P | AR_S | AR_WRITABLE | AR_DB)
#define CODE (AR_P | AR_S | AR_CODE | AR_DB)
#define LIMIT 0xfff
#define FLAT BITS(31, 0)
#define FAULT_CODE 0x42

/*
 * Page n of the linear addresses is in frame PAGES - 1 - n, so that
 * neighbouring pages are not neighbouring frames.
 */
static u8 frames[PAGES][PAGE_SIZE];
static struct segment_register segments[SEG_COUNT];
static gva_t unmapped, read_only; /* pages */
static unsigned int walks, segment_reads, cmpxchgs;
static struct linear m;

static void read_segment(void *ctx, enum segment segment,
			 struct segment_register *reg)
{
	segment_reads++;
	*reg = segments[segment];
}

static bool translate(void *ctx, gva_t gva, bool write, gpa_t *gpa,
		      u32 *error_code)
{
	gva_t page = gva & PAGE_MASK;

	walks++;
	if (page == unmapped || (write && page == read_only)) {
		*error_code = FAULT_CODE;
		return false;
	}
	*gpa = (PAGES - 1 - gva / PAGE_SIZE % PAGES) * PAGE_SIZE +
	       gva % PAGE_SIZE;
	return true;
}

static void read(void *ctx, gpa_t gpa, void *buf, size_t len)
{
	assert_true(gpa % PAGE_SIZE + len <= PAGE_SIZE);
	memcpy(buf, (u8 *)frames + gpa, len);
}

static void write(void *ctx, gpa_t gpa, const void *buf, size_t len)
{
	assert_true(gpa % PAGE_SIZE + len <= PAGE_SIZE);
	memcpy((u8 *)frames + gpa, buf, len);
}

static bool cmpxchg(void *ctx, gpa_t gpa, const void *old, const void *new,
		    size_t len)
{
	cmpxchgs++;
	if (memcmp((u8 *)frames + gpa, old, len))
		return false;
	write(ctx, gpa, new, len);
	return true;
}

static const struct linear_ops ops = { read_segment, translate, read, write,
				       cmpxchg };

static int set_up(void **state)
{
	memset(frames, 0, sizeof(frames));
	for (int i = 0; i < SEG_COUNT; i++)
		segments[i] = (struct segment_register){ .limit = FLAT,
							 .rights = DATA };
	unmapped = read_only = ~0ULL;
	walks = segment_reads = cmpxchgs = 0;
	linear_begin(&m, &ops, NULL, false, true);
	return 0;
}

/* --- Segments ------------------------------------------------------------- */

static bool allows_access(u32 rights, u32 limit, u64 offset, size_t len,
			  bool write)
{
	const struct segment_register reg = { .rights = rights,
					      .limit = limit };

	return segment_allows(&reg, offset, len, write);
}

/* SDM vol. 3A, 5.3. */
static void test_limits(void **state)
{
	assert_true(allows_access(DATA, LIMIT, 0, 1, true));
	assert_true(allows_access(DATA, LIMIT, LIMIT, 1, true));
	assert_true(allows_access(DATA, LIMIT, LIMIT - 3, 4, true));
	assert_false(allows_access(DATA, LIMIT, LIMIT - 2, 4, true));
	assert_false(allows_access(DATA, LIMIT, LIMIT + 1, 1, false));
	/* The last byte lies beyond 4 GiB, not at 0. */
	assert_false(allows_access(DATA, LIMIT, FLAT, 2, false));
	assert_true(allows_access(DATA, FLAT, FLAT, 1, true));
	assert_true(allows_access(DATA, FLAT, FLAT - 1, 4, true));
}

static void test_expand_down(void **state)
{
	const u32 rights = DATA | AR_EXPAND_DOWN;

	assert_false(allows_access(rights, LIMIT, 0, 1, true));
	assert_false(allows_access(rights, LIMIT, LIMIT, 1, true));
	assert_true(allows_access(rights, LIMIT, LIMIT + 1, 1, true));
	assert_true(allows_access(rights, LIMIT, FLAT, 1, true));
	assert_false(allows_access(rights, LIMIT, FLAT, 2, true));
	/* Without B the upper bound is 64 KiB. */
	assert_true(allows_access(rights & ~AR_DB, LIMIT, 0xffff, 1, true));
	assert_false(allows_access(rights & ~AR_DB, LIMIT, 0xffff, 2, true));
	assert_false(allows_access(rights & ~AR_DB, LIMIT, 0x10000, 1, true));
	/* In a code segment the bit means conforming. */
	assert_true(allows_access(CODE | AR_WRITABLE | AR_EXPAND_DOWN, LIMIT, 0,
				  1, false));
}

/* SDM vol. 3A, 5.5. */
static void test_types(void **state)
{
	assert_true(allows_access(DATA & ~AR_WRITABLE, LIMIT, 0, 1, false));
	assert_false(allows_access(DATA & ~AR_WRITABLE, LIMIT, 0, 1, true));
	assert_true(allows_access(CODE | AR_WRITABLE, LIMIT, 0, 1, false));
	assert_false(allows_access(CODE | AR_WRITABLE, LIMIT, 0, 1, true));
	assert_false(allows_access(CODE, LIMIT, 0, 1, false));
	assert_false(allows_access(DATA | AR_UNUSABLE, FLAT, 0, 1, false));
}

/* @vector: that of the fault, or 0. */
static void expect_address(u32 vector, enum segment segment, u64 offset,
			   unsigned int address_size, gva_t expected)
{
	gva_t gva = 0;

	assert_int_equal(linear_address(&m, segment, offset, address_size, 4,
					true, &gva),
			 !vector);
	if (vector)
		assert_int_equal(m.fault.vector, vector);
	else
		assert_true(gva == expected);
}

static void test_addresses(void **state)
{
	segments[SEG_DS].base = 0xfffff000;
	expect_address(0, SEG_DS, 0x10, 4, 0xfffff010);
	/* The sum wraps at 4 GiB, the offset at the size of addresses. */
	expect_address(0, SEG_DS, 0x2000, 4, 0x1000);
	expect_address(0, SEG_DS, 0xaaaa100000010, 4, 0xfffff010);
	expect_address(0, SEG_ES, 0x12345678, 2, 0x5678);
	/* Each register is read once. */
	assert_int_equal(segment_reads, 2);
	segments[SEG_SS].limit = segments[SEG_FS].limit = LIMIT;
	expect_address(VECTOR_SS, SEG_SS, LIMIT, 4, 0);
	expect_address(VECTOR_GP, SEG_FS, LIMIT, 4, 0);
	segments[SEG_GS].rights = AR_UNUSABLE;
	expect_address(VECTOR_GP, SEG_GS, 0, 4, 0);
}

static void test_addresses_in_64_bit_mode(void **state)
{
	linear_begin(&m, &ops, NULL, true, true);
	for (int i = 0; i < SEG_COUNT; i++)
		segments[i] =
			(struct segment_register){ .base = 0x10000,
						   .rights = AR_UNUSABLE };
	/* Neither limits nor rights count, and only two bases do. */
	expect_address(0, SEG_DS, 0x123456789a, 8, 0x123456789a);
	expect_address(0, SEG_SS, 0x123456789a, 8, 0x123456789a);
	expect_address(0, SEG_DS, 0x123456789a, 4, 0x3456789a);
	assert_int_equal(segment_reads, 0);
	expect_address(0, SEG_FS, 0xfffffff0, 4, 0x10000fff0);
	expect_address(0, SEG_GS, ~0ULL, 8, 0xffff);
	/* All of the operand must be canonical (SDM vol. 1, 3.3.7.1). */
	expect_address(0, SEG_DS, BIT(47) - 4, 8, BIT(47) - 4);
	expect_address(VECTOR_GP, SEG_DS, BIT(47) - 3, 8, 0);
	expect_address(VECTOR_SS, SEG_SS, BIT(47), 8, 0);
	expect_address(VECTOR_GP, SEG_DS, ~BITS(46, 0) - 1, 8, 0);
	expect_address(0, SEG_DS, ~BITS(46, 0), 8, ~BITS(46, 0));
}

/* --- Pages ---------------------------------------------------------------- */

static void test_kept_pages(void **state)
{
	u8 byte;

	assert_true(linear_read(&m, 0x1000, &byte, 1));
	assert_true(linear_read(&m, 0x1fff, &byte, 1));
	assert_int_equal(walks, 1);
	/* A read allows no write, but a write allows reads. */
	assert_true(linear_probe(&m, 0x1000, 1));
	assert_int_equal(walks, 2);
	assert_true(linear_write(&m, 0x1008, &byte, 1));
	assert_true(linear_write(&m, 0x2000, &byte, 1));
	assert_true(linear_read(&m, 0x2000, &byte, 1));
	assert_int_equal(walks, 3);
	/* The page has been walked for another reason. */
	linear_remember(&m, 0x3123, 0, false);
	frames[0][0x10] = 0x77;
	assert_true(linear_read(&m, 0x3010, &byte, 1));
	assert_int_equal(byte, 0x77);
	assert_int_equal(walks, 3);
	/* There is no room for a fifth: it is walked each time. */
	assert_true(linear_read(&m, 0x10000, &byte, 1));
	assert_true(linear_read(&m, 0x10000, &byte, 1));
	assert_int_equal(walks, 5);
}

static void test_pages_that_are_not_kept(void **state)
{
	u8 byte = 0;

	linear_begin(&m, &ops, NULL, false, false);
	linear_remember(&m, 0x1000, 0, true);
	assert_true(linear_read(&m, 0x1000, &byte, 1));
	assert_true(linear_write(&m, 0x1000, &byte, 1));
	assert_int_equal(walks, 2);
}

static void test_two_pages(void **state)
{
	u8 bytes[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, copy[8];

	assert_true(linear_write(&m, 0x1ffd, bytes, 8));
	assert_memory_equal(&frames[2][0xffd], bytes, 3);
	assert_memory_equal(&frames[1][0], bytes + 3, 5);
	assert_true(linear_read(&m, 0x1ffd, copy, 8));
	assert_memory_equal(copy, bytes, 8);
	/* Outside of 64-bit mode the address space is a ring. */
	assert_true(linear_write(&m, 0xfffffffe, bytes, 8));
	assert_memory_equal(&frames[0][0xffe], bytes, 2);
	assert_memory_equal(&frames[3][0], bytes + 2, 6);
}

/* If a part can't be accessed, nothing is; the fault has its own address. */
static void test_faults(void **state)
{
	u8 bytes[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

	unmapped = 0x2000;
	assert_false(linear_write(&m, 0x1ffd, bytes, 8));
	assert_true(m.fault.gva == 0x2000);
	assert_int_equal(m.fault.vector, VECTOR_PF);
	assert_int_equal(m.fault.error_code, FAULT_CODE);
	assert_int_equal(frames[2][0xffd], 0);
	assert_false(linear_read(&m, 0x2ffe, bytes, 8));
	assert_true(m.fault.gva == 0x2ffe);
	assert_int_equal(bytes[0], 1);
	read_only = 0x1000;
	linear_begin(&m, &ops, NULL, false, true);
	assert_true(linear_read(&m, 0x1000, bytes, 8));
	assert_false(linear_probe(&m, 0x1004, 8));
	assert_true(m.fault.gva == 0x1004);
}

static bool cmpxchg_at(gva_t gva, u64 old, u64 new)
{
	struct linear_operand operand;

	assert_true(linear_find(&m, gva, 8, true, &operand));
	return linear_cmpxchg(&m, &operand, &old, &new);
}

static void test_cmpxchg(void **state)
{
	static const gva_t places[] = { 0x1008, 0x1ffb };
	u64 value;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		assert_true(cmpxchg_at(places[i], 0, 0x1122334455667788));
		assert_false(cmpxchg_at(places[i], 0x1122334455667787, 5));
		assert_false(cmpxchg_at(places[i], 0x0122334455667788, 5));
		linear_read(&m, places[i], &value, 8);
		assert_true(value == 0x1122334455667788);
		assert_true(cmpxchg_at(places[i], value, ~0ULL));
		linear_read(&m, places[i], &value, 8);
		assert_true(value == ~0ULL);
	}
	/* In one page the processor's own atomic instruction is used. */
	assert_int_equal(cmpxchgs, 4);
}

/* --- Breakpoints ---------------------------------------------------------- */

#define ENABLED(n) BIT(2 * (n))
#define CONDITION(n, rw, len) ((u64)((len) << 2 | (rw)) << (16 + 4 * (n)))
#define BYTES_2 1
#define BYTES_8 2
#define BYTES_4 3
#define WRITES 1
#define PORTS 2
#define ACCESSES 3

static u32 hits_of_port(u64 dr7, u64 address, u64 port, size_t len)
{
	struct breakpoints b = { .dr7 = dr7,
				 .address = { address },
				 .io = true };
	u32 hits;

	breakpoints_see(&b, BREAK_PORT, port, len);
	hits = b.hits;
	/* Without CR4.DE there are none. */
	b.io = false;
	b.hits = 0;
	breakpoints_see(&b, BREAK_PORT, port, len);
	assert_int_equal(b.hits, 0);
	return hits;
}

/* SDM vol. 3B, 17.2.5. */
static void test_breakpoint_ranges(void **state)
{
	const u64 one = ENABLED(0) | CONDITION(0, PORTS, 0);
	const u64 four = ENABLED(0) | CONDITION(0, PORTS, BYTES_4);
	const u64 eight = BIT(1) | CONDITION(0, PORTS, BYTES_8);

	assert_int_equal(hits_of_port(one, 0x80, 0x80, 1), BIT(0));
	assert_int_equal(hits_of_port(one, 0x80, 0x7d, 4), BIT(0));
	assert_int_equal(hits_of_port(one, 0x80, 0x7c, 4), 0);
	assert_int_equal(hits_of_port(one, 0x80, 0x81, 1), 0);
	/* The address is taken as aligned. */
	assert_int_equal(hits_of_port(four, 0x82, 0x80, 1), BIT(0));
	assert_int_equal(hits_of_port(four, 0x82, 0x83, 1), BIT(0));
	assert_int_equal(hits_of_port(four, 0x82, 0x84, 1), 0);
	assert_int_equal(hits_of_port(eight, 0x88, 0x8f, 1), BIT(0));
	assert_int_equal(hits_of_port(eight, 0x88, 0x90, 1), 0);
	/* A breakpoint that is off; one of data; none. */
	assert_int_equal(hits_of_port(one & ~BIT(0), 0x80, 0x80, 1), 0);
	assert_int_equal(hits_of_port(ENABLED(0) | CONDITION(0, ACCESSES, 0),
				      0x80, 0x80, 1),
			 0);
	assert_int_equal(hits_of_port(0, 0x80, 0x80, 1), 0);
}

static void test_breakpoints(void **state)
{
	u8 bytes[8] = { 0 };

	m.breakpoints = (struct breakpoints){
		.dr7 = ENABLED(0) | CONDITION(0, WRITES, BYTES_2) | ENABLED(2) |
		       CONDITION(2, ACCESSES, BYTES_2) |
		       CONDITION(3, WRITES, 0),
		.address = { 0x1000, 0x1000, 0x1ffe, 0x1000 },
	};
	linear_read(&m, 0x1000, bytes, 8);
	/* An access that could be done is not done. */
	assert_true(linear_probe(&m, 0x1000, 8));
	assert_int_equal(m.breakpoints.hits, 0);
	linear_read(&m, 0x1ffc, bytes, 8);
	assert_int_equal(m.breakpoints.hits, BIT(2));
	/* A breakpoint that is not enabled is reported beside one that is. */
	linear_write(&m, 0x1000, bytes, 1);
	assert_int_equal(m.breakpoints.hits, BIT(0) | BIT(2) | BIT(3));
	linear_begin(&m, &ops, NULL, false, true);
	linear_write(&m, 0x1000, bytes, 1);
	assert_int_equal(m.breakpoints.hits, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_expand_down),
		cmocka_unit_test(test_types),
		cmocka_unit_test_setup(test_addresses, set_up),
		cmocka_unit_test_setup(test_addresses_in_64_bit_mode, set_up),
		cmocka_unit_test_setup(test_kept_pages, set_up),
		cmocka_unit_test_setup(test_pages_that_are_not_kept, set_up),
		cmocka_unit_test_setup(test_two_pages, set_up),
		cmocka_unit_test_setup(test_faults, set_up),
		cmocka_unit_test_setup(test_cmpxchg, set_up),
		cmocka_unit_test(test_breakpoint_ranges),
		cmocka_unit_test_setup(test_breakpoints, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
