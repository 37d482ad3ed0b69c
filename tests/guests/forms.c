/* SPDX-License-Identifier: MIT */
/*
 * Each instruction form on a page of an active guest table, and on a page where
 * there is nothing: registers, flags, memory and exceptions must be as on a
 * page of plain memory. After a write of a table, its mappings must follow. In
 * each paging mode, at aligned addresses, misaligned ones, across two entries
 * and across two pages, with DF clear and set.
 *
 * Arguments: mode=N: one mode (enum mode); form=N: one form, by its number;
 * mmio=0: not where there is nothing.
 */
#include "tests/guests/paging.h"

/* As in forms_table.asm; below them, the flags that are undefined. */
#define FORM_EQUAL BIT(16)
#define FORM_SOURCE BIT(17)
#define FORM_NO_MMIO BIT(18)
#define FORM_ALIGNED BIT(19)

struct form {
	const char *name;
	void (*code)(void);
	u32 attributes;
};
extern const struct form forms[]; /* a NULL name ends it */

struct form_state {
	u32 eax, ebx, ecx, edx, esi, edi, ebp;
	u32 flags;
	u32 xmm[4];
};
struct form_state form_state;
void (*form_code)(void);
extern u32 form_sp;
void form_run(void);

/* Two pages each: the operand of the forms, and the other buffer. */
#define PLAIN_GPA (FREE_GPA + 8 * MIB)
#define BUFFER_GPA (PLAIN_GPA + 4 * PAGE_SIZE)
#define FRAMES_GPA (PLAIN_GPA + MIB)
#define FRAMES 16
/* Nothing answers here, on Bochs's machine and on Umbra's. */
#define HOLE_GPA 0xd0000000
#define HOLE_GVA (512 * MIB)
#define PTE_TABLE (PTE_P | PTE_W | PTE_U | PTE_A)
#define AREA_SIZE (2 * PAGE_SIZE)
#define REACH 64 /* no form accesses bytes further from its operand */

#define COUNT 5 /* ECX */
#define FAR_BIT 77 /* EDX: a bit offset beyond the operand */
#define BEFORE_BIT (-37) /* EBX: and one before it */

static const u16 offsets[] = {
	0x800, 0x801, 0x802, 0x803, 0x804, 0x807, 0x80c, 0x810,
	0xff0, 0xff8, 0xffc, 0xffd, 0xfff, 0xffe, 0xff9, 0x1000,
};

/* The outcome of one form at one place. */
struct outcome {
	struct form_state state;
	u32 sp;
	u32 trapped, vector, error_code;
	u8 memory[2 * REACH];
	u8 buffer[2 * REACH];
};
static struct outcome plain, special;

static u32 entry_size(void)
{
	return mode == MODE_PAE || mode == MODE_LONG ? 8 : 4;
}

static u64 filling_entry(u32 at)
{
	u32 frame = at / entry_size() % FRAMES;

	return (FRAMES_GPA + frame * PAGE_SIZE) | PTE_TABLE | PTE_D;
}

/* Valid entries of the present mode, each of another frame. */
static void fill_with_entries(u32 area, u32 first, u32 end)
{
	u32 at;

	for (at = first & ~7U; at < end; at += entry_size())
		entry_write((void *)(area + at), filling_entry(at));
}

static void fill_around(u32 area, u32 offset)
{
	fill_with_entries(area, offset - REACH, offset + REACH);
}

static void run_form(const struct form *form, u32 target, u32 buffer, u32 flags,
		     struct outcome *out)
{
	bool source = form->attributes & FORM_SOURCE;
	struct form_state *s = &form_state;
	u32 at[4];

	memcpy(at, (void *)target, sizeof(at));
	*s = (struct form_state){
		.eax = (FRAMES_GPA + 3 * PAGE_SIZE) | PTE_P | PTE_U,
		.ebx = (u32)BEFORE_BIT,
		.ecx = COUNT,
		.edx = FAR_BIT,
		.esi = source ? target : buffer,
		.edi = source ? buffer : target,
		.ebp = target,
		.flags = flags,
		.xmm = { FRAMES_GPA | PTE_P, 0, FRAMES_GPA | PTE_P | PTE_W, 0 },
	};
	if (form->attributes & FORM_EQUAL) {
		s->eax = at[0];
		s->edx = at[1];
		s->ebx = (u32)(FRAMES_GPA + 5 * PAGE_SIZE) | PTE_P | PTE_W;
		s->ecx = 0;
	}
	if (form->name[0] == 'x' && form->name[1] == 'l')
		s->ebx = target; /* XLAT's own register */
	form_code = form->code;
	tried.kind = TRY_CALL;
	tried.user = tried.ac = 0;
	tried.gva = (u32)form_run;
	try();
	out->trapped = tried.trapped;
	out->vector = tried.trapped ? tried.vector : 0;
	out->error_code = tried.trapped ? tried.error_code : 0;
	out->state = *s;
	out->sp = form_sp - target;
	/* Addresses are compared as offsets from their buffers. */
	out->state.esi -= source ? target : buffer;
	out->state.edi -= source ? buffer : target;
	if (out->state.ebp == target)
		out->state.ebp = 0;
	if (out->state.ebx == target)
		out->state.ebx = 0;
	out->state.flags &= ~form->attributes;
	memcpy(out->buffer, (void *)(buffer - REACH), sizeof(out->buffer));
}

static bool is_same(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	while (n--)
		if (*x++ != *y++)
			return false;
	return true;
}

static const char *first_difference(bool memory)
{
	if (plain.trapped != special.trapped)
		return "trapped";
	if (plain.vector != special.vector ||
	    plain.error_code != special.error_code)
		return "a wrong exception";
	if (plain.state.flags != special.state.flags && !plain.trapped)
		return "wrong flags";
	if (!plain.trapped &&
	    (!is_same(&plain.state, &special.state, sizeof(plain.state)) ||
	     plain.sp != special.sp))
		return "wrong registers";
	if (!is_same(plain.buffer, special.buffer, sizeof(plain.buffer)))
		return "the other buffer is wrong";
	if (memory &&
	    !is_same(plain.memory, special.memory, sizeof(plain.memory)))
		return "memory is wrong";
	return NULL;
}

static void compare_outcomes(const struct form *form, const char *place,
			     u32 offset, bool memory)
{
	const char *wrong = first_difference(memory);
	const u32 *a = (const u32 *)&plain.state;
	const u32 *b = (const u32 *)&special.state;
	u32 i;

	if (!check_failed(!wrong))
		return;
	print("  %s at %x of %s, mode %s: %s; vector %u, %u\n", form->name,
	      offset, place, mode_names[mode], wrong, plain.vector,
	      special.vector);
	for (i = 0; i < sizeof(plain.state) / sizeof(u32); i++)
		if (a[i] != b[i])
			print("   word %u of the state: %x, but %x\n", i, a[i],
			      b[i]);
}

/* The pages that the written entries map must be reached through them. */
static void verify_mapped(const struct chain *chain, u32 offset)
{
	u32 size = entry_size();
	u32 first = (offset - 16) / size, last = (offset + 24) / size, i;

	for (i = first; i <= last; i++) {
		u64 gva = chain->gva + (u64)i * PAGE_SIZE;

		invlpg(gva);
		verify(gva, i & 1, TRY_READ, 0);
	}
}

static void try_on_table(const struct chain *chain, const struct form *form,
			 u32 tables, u32 offset, u32 flags)
{
	u32 target = tables + offset;

	fill_around(PLAIN_GPA, offset);
	fill_around(BUFFER_GPA, REACH);
	run_form(form, PLAIN_GPA + offset, BUFFER_GPA + REACH, flags, &plain);
	memcpy(plain.memory, (void *)(u32)(PLAIN_GPA + offset - REACH),
	       sizeof(plain.memory));

	fill_around(tables, offset);
	fill_around(BUFFER_GPA, REACH);
	/* A use now gives the shadow something to keep true. */
	verify_mapped(chain, offset);
	run_form(form, target, BUFFER_GPA + REACH, flags, &special);
	memcpy(special.memory, (void *)(target - REACH),
	       sizeof(special.memory));
	compare_outcomes(form, "a table", offset, true);
	verify_mapped(chain, offset);
}

static void try_on_hole(const struct form *form, u32 offset, u32 flags)
{
	memset((void *)(u32)(PLAIN_GPA + offset - REACH), 0xff, 2 * REACH);
	fill_around(BUFFER_GPA, REACH);
	run_form(form, PLAIN_GPA + offset, BUFFER_GPA + REACH, flags, &plain);
	fill_around(BUFFER_GPA, REACH);
	run_form(form, HOLE_GVA + offset, BUFFER_GPA + REACH, flags, &special);
	compare_outcomes(form, "nothing", offset, false);
}

static void check_form(const struct chain *chain, const struct form *form,
		       u32 tables, bool mmio)
{
	u32 flags, i;

	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		if (form->attributes & FORM_ALIGNED && offsets[i] % 16)
			continue;
		for (flags = 0; flags < 2; flags++) {
			u32 f = RFLAGS_FIXED |
				(flags ? RFLAGS_DF : RFLAGS_CF | RFLAGS_ZF);

			try_on_table(chain, form, tables, offsets[i], f);
			if (mmio && !(form->attributes & FORM_NO_MMIO))
				try_on_hole(form, offsets[i], f);
		}
	}
}

/* Two tables, one after the other in memory, that map neighbouring regions. */
static void link_tables(struct chain *chain, u32 tables)
{
	u8 *pde = chain->entry[2];

	chain->gva &= ~(u64)(large_page_size() - 1);
	entry_write(pde, tables | PTE_TABLE);
	entry_write(pde + entry_size(), (tables + PAGE_SIZE) | PTE_TABLE);
	fill_with_entries(tables, 0, AREA_SIZE);
	write_cr3(read_cr3());
}

/* The hole, where 32-bit code can reach it. */
static void link_hole(u32 table)
{
	void *upper = mode_root;
	u32 level, page;

	for (level = top_level(); level > 2; level--)
		upper = (void *)(u32)(entry_read(table_entry(upper, HOLE_GVA,
							     level)) &
				      PTE_ADDR_MASK);
	memset((void *)table, 0, PAGE_SIZE);
	for (page = 0; page < AREA_SIZE; page += PAGE_SIZE)
		entry_write(table_entry((void *)table, HOLE_GVA + page, 1),
			    (HOLE_GPA + page) | PTE_TABLE | PTE_D);
	entry_write(table_entry(upper, HOLE_GVA, 2), table | PTE_TABLE);
	write_cr3(read_cr3());
}

static void check_mode(enum mode next, u32 only, bool mmio)
{
	u32 tables = FREE_GPA + 3 * MIB;
	struct chain chain;
	u32 i;

	mode_enter(next);
	chain_build(&chain);
	controls = (struct controls){ .wp = true };
	link_tables(&chain, tables);
	link_hole(tables + AREA_SIZE);
	for (i = 0; forms[i].name; i++)
		if (only == ~0U || only == i)
			check_form(&chain, &forms[i], tables, mmio);
	mode_leave();
	print("forms: %s done, %u forms\n", mode_names[next], i);
}

void main(const char *arguments)
{
	u32 mode_only = argument(arguments, "mode", MODES);
	u32 only = argument(arguments, "form", ~0U);
	bool mmio = argument(arguments, "mmio", 1);
	enum mode next;

	for (next = MODE_2LEVEL; next < MODES; next++)
		if (mode_only == MODES || mode_only == next)
			check_mode(next, only, mmio);
}
