/* SPDX-License-Identifier: MIT */
/* The checks of the ways to write tables. */
#include "tests/guests/check/check.h"

/* An even entry between two others, so that 16-byte forms are aligned. */
#define INDEX 2
#define GVA (WINDOW_GVA | INDEX * (GIB + LARGE_PAGE_SIZE + PAGE_SIZE))

#define VALUES 8

/*
 * The values from which and to which an entry changes: @first and @second link
 * lower tables (or frames) that lead to different frames.
 */
static void get_values(u64 values[VALUES], u64 first, u64 second)
{
	values[0] = 0;
	values[1] = first;
	values[2] = second;
	values[3] = first & ~(PTE_W | PTE_U);
	values[4] = second | PTE_NX;
	values[5] = first & ~(PTE_A | PTE_D);
	values[6] = second & ~PTE_P;
	values[7] = maxphyaddr < 52 ? first | BIT(51) : second & ~PTE_W;
}

static void try_op(const struct write_op *op, u64 *entry, u64 from, u64 to)
{
	u64 below = entry[-1], above = entry[1];
	u64 old;

	*entry = from;
	invlpg(GVA);
	verify_access(GVA, true, ACCESS_READ);
	old = *entry; /* A may be set by now */
	op->run(entry, old, to);
	require(*entry == to, op->name);
	require(entry[-1] == below && entry[1] == above,
		"a neighbouring entry changed");
	invlpg(GVA);
	verify(GVA);
}

static void try_values(u32 op, u64 *entry, const u64 values[VALUES])
{
	u32 i;

	for (i = 0; i < VALUES; i++)
		try_op(&write_ops[op], entry, values[i],
		       values[(3 * i + op + 1) % VALUES]);
}

/*
 * All instructions on tables that only GVA needs, and on the PML4, which each
 * instruction itself needs: there a shadow pager can't give up the table, so it
 * must emulate the instruction.
 */
void check_write_ops(void)
{
	struct chain first, second;
	u64 values[VALUES];
	u32 level, op;
	u64 *entry;

	chain_build(&first, GVA);
	chain_build(&second, GVA);
	for (level = 1; level <= LEVELS; level++) {
		entry = chain_entry(&first, GVA, level);
		get_values(values, chain_link(&first, level),
			   chain_link(&second, level));
		*chain_entry(&first, GVA, LEVELS) = chain_link(&first, LEVELS);
		for (op = 0; op < write_op_count; op++)
			if (level < LEVELS || !write_ops[op].gives_up)
				try_values(op, entry, values);
		*entry = chain_link(&first, level);
		flush_all();
	}
}

/* Checks a few of a table's pages: the ends, and the middle. */
static void verify_table(void)
{
	static const u16 indices[] = { 0, 1, 2, 255, 256, 510, 511 };
	size_t i;

	flush_all();
	for (i = 0; i < ARRAY_SIZE(indices); i++) {
		verify_access(WINDOW_GVA + indices[i] * PAGE_SIZE, true,
			      ACCESS_READ);
		verify(WINDOW_GVA + indices[i] * PAGE_SIZE);
	}
}

static void store_all(u64 *table, u64 value, bool backwards)
{
	u64 *p = backwards ? table + PT_ENTRIES - 1 : table;
	u64 count = PT_ENTRIES;

	if (backwards)
		__asm__ volatile("std; rep stosq; cld"
				 : "+D"(p), "+c"(count)
				 : "a"(value)
				 : "memory");
	else
		__asm__ volatile("rep stosq"
				 : "+D"(p), "+c"(count)
				 : "a"(value)
				 : "memory");
	require(!count, "REP STOS: RCX is not 0");
	require(p == (backwards ? table - 1 : table + PT_ENTRIES),
		"REP STOS: a wrong RDI");
}

static void copy_all(u64 *to, const u64 *from, bool backwards)
{
	u64 last = backwards ? PT_ENTRIES - 1 : 0;
	u64 count = PT_ENTRIES;

	to += last;
	from += last;
	if (backwards)
		__asm__ volatile("std; rep movsq; cld"
				 : "+D"(to), "+S"(from), "+c"(count)
				 :
				 : "memory");
	else
		__asm__ volatile("rep movsq"
				 : "+D"(to), "+S"(from), "+c"(count)
				 :
				 : "memory");
	require(!count, "REP MOVS: RCX is not 0");
}

static void require_all(const u64 *table, u64 value)
{
	u32 i;

	for (i = 0; i < PT_ENTRIES; i++)
		require(table[i] == value, "an entry is not as it was written");
}

void check_string_writes(void)
{
	struct chain chain;
	u64 *table, *copy, *frame;
	u32 backwards;

	chain_build(&chain, WINDOW_GVA);
	table = chain.table[1];
	copy = page_alloc();
	frame = frame_alloc();
	for (backwards = 0; backwards <= 1; backwards++) {
		store_all(table, (u64)frame | PTE_ALL, backwards);
		require_all(table, (u64)frame | PTE_ALL);
		verify_table();
		store_all(table, 0, backwards);
		require_all(table, 0);
		verify_table();

		store_all(copy, (u64)chain.frame | PTE_P | PTE_U, backwards);
		copy_all(table, copy, backwards);
		require_all(table, (u64)chain.frame | PTE_P | PTE_U);
		verify_table();
	}
}

/* CALL with the stack in a table: the return address becomes an entry. */
static u64 call_on(u64 *stack)
{
	u64 pushed;

	__asm__ volatile("mov %%rsp, %%rbx\n\t"
			 "mov %1, %%rsp\n\t"
			 "call 1f\n\t"
			 "1: mov %%rbx, %%rsp\n\t"
			 "lea 1b(%%rip), %0"
			 : "=r"(pushed)
			 : "r"(stack)
			 : "rbx", "memory");
	return pushed;
}

/* UD2 with the stack in a table: the processor itself pushes a frame. */
static u64 undefined_on(u64 stack)
{
	__asm__ volatile("mov %0, %%rsp\n\tud2" : : "r"(stack) : "memory");
	return 0;
}

static u16 read_ss(void)
{
	u16 selector;

	__asm__("mov %%ss, %0" : "=r"(selector));
	return selector;
}

static u16 read_cs(void)
{
	u16 selector;

	__asm__("mov %%cs, %0" : "=r"(selector));
	return selector;
}

void check_stack_writes(void)
{
	struct chain chain;
	u64 *table, *top;
	u64 pushed;
	u32 i;

	chain_build(&chain, WINDOW_GVA);
	table = chain.table[1];
	for (i = 0; i < PT_ENTRIES; i++)
		table[i] = (u64)chain.frame | PTE_ALL;
	verify_table();
	top = table + PT_ENTRIES;
	pushed = call_on(top);
	require(top[-1] == pushed, "CALL pushed something else");
	verify_table();

	traps.catch = true;
	require(run_kernel(undefined_on, (u64)top), "no #UD");
	traps.catch = false;
	require(traps.vector == VECTOR_UD, "not #UD");
	require(top[-2] == (u64)top, "the frame's RSP is wrong");
	require(top[-1] == read_ss() && top[-4] == read_cs(),
		"the frame's SS or CS is wrong");
	verify_table();
}

/* Eight bytes, half of them in each of two neighbouring tables. */
void check_cross_page_write(void)
{
	gva_t second_gva = WINDOW_GVA + LARGE_PAGE_SIZE;
	gva_t first_gva = second_gva - PAGE_SIZE;
	u64 *first = page_alloc(), *second = page_alloc();
	u64 *last, *next;
	struct chain chain;
	u64 both;

	chain_build(&chain, WINDOW_GVA);
	last = &first[PT_ENTRIES - 1];
	next = &second[0];
	*chain_entry(&chain, first_gva, 2) = (u64)first | PTE_ALL;
	*chain_entry(&chain, second_gva, 2) = (u64)second | PTE_ALL;
	*last = (u64)frame_alloc() | PTE_ALL;
	*next = (u64)frame_alloc() | PTE_ALL;
	flush_all();
	verify(first_gva);
	verify(second_gva);

	/* NX on the first, and the second's low half to another frame. */
	both = PTE_NX >> 32 | ((u64)chain.frame | PTE_P | PTE_U) << 32;
	*(volatile u64 *)((u32 *)last + 1) = both;
	require(*last >> 32 == PTE_NX >> 32, "the first half is wrong");
	require(*next == ((u64)chain.frame | PTE_P | PTE_U),
		"the second half is wrong");
	flush_all();
	verify(first_gva);
	verify(second_gva);
}
