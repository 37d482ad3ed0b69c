/* SPDX-License-Identifier: MIT */
/*
 * Memory operands that a hypervisor must check itself: data right after the
 * instruction that reads it, on a page that is not in its shadow; and those of
 * INS and OUTS, which exit before the processor checks the segment (SDM vol.
 * 3C, 25.1.1). In every paging mode, also on the bare machine.
 */
#include "tests/guests/paging.h"

#define ANSWERED 0xc0ffee

/* --- Data after the instruction ------------------------------------------- */

#define CODE_GPA FREE_GPA
#define DATA_GPA (CODE_GPA + PAGE_SIZE)
#define CODE_BYTES 6
#define CODE_GVA (DATA_GPA - CODE_BYTES)
#define INSN_MOV_EAX_MEMORY 0xa1
#define INSN_RET 0xc3

static void *pte_of(u32 gva)
{
	void *table = mode_root, *entry;
	u32 level;

	for (level = top_level();; level--) {
		entry = table_entry(table, gva, level);
		if (level == 1)
			return entry;
		table = (void *)(u32)(entry_read(entry) & PTE_ADDR_MASK);
	}
}

/* A=0: no shadow has the page before its first access. */
static void check_read(bool user, bool ac)
{
	bool nx = controls.nxe && (mode == MODE_PAE || mode == MODE_LONG);
	bool forbidden = user && controls.smap && !ac;
	bool ok;

	entry_write(pte_of(DATA_GPA), DATA_GPA | PTE_P | PTE_W |
					      (user ? PTE_U : 0) |
					      (nx ? PTE_NX : 0));
	write_cr3(read_cr3());
	tried = (struct try){ .gva = CODE_GVA, .kind = TRY_CALL, .ac = ac };
	try();
	ok = forbidden ? tried.trapped && tried.vector == VECTOR_PF &&
				 tried.error_code == PFEC_P &&
				 tried.cr2 == DATA_GPA
		       : !tried.trapped && tried.value == ANSWERED;
	if (check_failed(ok))
		print("  data after RIP: mode %s, nxe %u, smep %u, smap %u, "
		      "user %u, ac %u: trapped %u, vector %x, error %x\n",
		      mode_names[mode], controls.nxe, controls.smep,
		      controls.smap, user, ac, tried.trapped, tried.vector,
		      tried.error_code);
}

static void check_data_behind_rip(void)
{
	static const struct controls none = { .wp = true };
	u8 *code = (u8 *)CODE_GVA;
	u32 address = DATA_GPA, i;

	code[0] = INSN_MOV_EAX_MEMORY;
	memcpy(code + 1, &address, sizeof(address));
	code[CODE_BYTES - 1] = INSN_RET;
	*(volatile u32 *)DATA_GPA = ANSWERED;
	controls = none;
	for (i = 0; i < 8; i++) {
		struct controls next = { .wp = true,
					 .nxe = (i & 1) && has_nx,
					 .smep = (i & 2) && has_smep,
					 .smap = (i & 4) && has_smap };

		controls_load(&next);
		check_read(false, false);
		check_read(true, false);
		check_read(true, true);
	}
	controls_load(&none);
}

/* --- INS and OUTS --------------------------------------------------------- */

#define GDT_SPARE 10
#define SELECTOR_SPARE (8 * GDT_SPARE)
#define SELECTOR_NULL 3
#define PORT 0x21 /* the mask of the first 8259: it reads as it was written */
#define IDLE_PORT 0x80 /* for output: nothing listens there */
#define VALUE 0xa5
#define LIMIT 0xfff
#define LOW_64K 0x10000

extern u64 gdt[];
u32 io_port, io_selector, io_index, io_count, io_esi, io_edi, io_ecx;
static u8 window[2 * PAGE_SIZE] __attribute__((aligned(4096)));

#define STRING_IO(name, segment, code)                                         \
	void name(void);                                                       \
	__asm__(".text\n" #name ":\n"                                          \
		"movl %" segment ", %ebp\n"                                    \
		"movl io_index, %esi\n"                                        \
		"movl %esi, %edi\n"                                            \
		"movl io_count, %ecx\n"                                        \
		"movl io_port, %edx\n"                                         \
		"movl io_selector, %eax\n"                                     \
		"movl %eax, %" segment "\n" code "\n"                          \
		"movl %ebp, %" segment "\n"                                    \
		"movl %esi, io_esi\n"                                          \
		"movl %edi, io_edi\n"                                          \
		"movl %ecx, io_ecx\n"                                          \
		"movl $0xc0ffee, %eax\n"                                       \
		"ret\n")

STRING_IO(do_outsb, "fs", "outsb %fs:(%esi), (%dx)");
STRING_IO(do_outsl, "fs", "outsl %fs:(%esi), (%dx)");
STRING_IO(do_outsb_ss, "ss", "outsb %ss:(%esi), (%dx)");
STRING_IO(do_rep_outsb, "fs", "rep outsb %fs:(%esi), (%dx)");
STRING_IO(do_rep_outsb16, "fs", "rep outsb %fs:(%si), (%dx)");
STRING_IO(do_insb, "es", "insb (%dx), %es:(%edi)");
STRING_IO(do_insl, "es", "insl (%dx), %es:(%edi)");
STRING_IO(do_rep_insb, "es", "rep insb (%dx), %es:(%edi)");
STRING_IO(do_rep_insb_down, "es", "std\nrep insb (%dx), %es:(%edi)\ncld");

#define DATA 0x93
#define READ_ONLY 0x91
#define EXPAND_DOWN 0x97
#define READABLE_CODE 0x9b
#define PAGES 0xc0 /* G and D: the limit counts pages */
#define BYTES 0x40 /* D */

static void set_spare(u32 type, u32 flags, u32 base, u32 limit)
{
	gdt[GDT_SPARE] = (limit & BITS(15, 0)) |
			 (u64)(base & BITS(23, 0)) << 16 | (u64)type << 40 |
			 (u64)(limit & BITS(19, 16)) << 32 | (u64)flags << 48 |
			 (u64)(base & BITS(31, 24)) << 32;
}

static bool is_input(void (*code)(void))
{
	return code == do_insb || code == do_insl || code == do_rep_insb ||
	       code == do_rep_insb_down;
}

static bool runs(void (*code)(void), u32 selector, u32 index, u32 count)
{
	io_port = is_input(code) ? PORT : IDLE_PORT;
	io_selector = selector;
	io_index = index;
	io_count = count;
	tried = (struct try){ .gva = (u32)code, .kind = TRY_CALL };
	try();
	return !tried.trapped && tried.value == ANSWERED;
}

static bool faults(void (*code)(void), u32 selector, u32 index, u32 count,
		   u32 vector)
{
	return !runs(code, selector, index, count) && tried.trapped &&
	       tried.vector == vector && tried.error_code == 0;
}

static void check(bool ok, const char *what)
{
	if (check_failed(ok))
		print("  %s: mode %s (trapped %u, vector %x, error %x; esi %x, "
		      "edi %x, ecx %x)\n",
		      what, mode_names[mode], tried.trapped, tried.vector,
		      tried.error_code, io_esi, io_edi, io_ecx);
}

static void check_types(void)
{
	static const struct {
		const char *name;
		u32 type, index;
		bool reads, writes;
	} cases[] = {
		{ "data", DATA, 0, true, true },
		{ "data, its last byte", DATA, LIMIT, true, true },
		{ "data, beyond its limit", DATA, LIMIT + 1, false, false },
		{ "data, its end", DATA, ~0U, false, false },
		{ "read-only", READ_ONLY, 0, true, false },
		{ "code", READABLE_CODE, 0, true, false },
		{ "code, beyond its limit", READABLE_CODE, LIMIT + 1, false,
		  false },
		{ "expand-down", EXPAND_DOWN, LIMIT + 1, true, true },
		{ "expand-down, at its limit", EXPAND_DOWN, LIMIT, false,
		  false },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		set_spare(cases[i].type, BYTES, (u32)window, LIMIT);
		check(cases[i].reads ? runs(do_outsb, SELECTOR_SPARE,
					    cases[i].index, 0)
				     : faults(do_outsb, SELECTOR_SPARE,
					      cases[i].index, 0, VECTOR_GP),
		      cases[i].name);
		check(cases[i].writes
			      ? runs(do_insb, SELECTOR_SPARE, cases[i].index, 0)
			      : faults(do_insb, SELECTOR_SPARE, cases[i].index,
				       0, VECTOR_GP),
		      cases[i].name);
	}
	check(faults(do_outsb, SELECTOR_NULL, 0, 0, VECTOR_GP), "null FS");
	check(faults(do_insb, SELECTOR_NULL, (u32)window, 0, VECTOR_GP),
	      "null ES");
	/* The stack and the faults' frames lie within the limit. */
	set_spare(DATA, PAGES, 0, FREE_GPA / PAGE_SIZE - 1);
	check(faults(do_outsb_ss, SELECTOR_SPARE, FREE_GPA, 0, VECTOR_SS),
	      "beyond the limit of SS");
}

/* Elements before the one that faults are done, each of them whole. */
static void check_crossings(void)
{
	set_spare(DATA, BYTES, (u32)window, LIMIT);
	check(faults(do_outsl, SELECTOR_SPARE, LIMIT - 2, 0, VECTOR_GP),
	      "OUTSD across the limit");
	memset(window, 0, sizeof(window));
	check(faults(do_insl, SELECTOR_SPARE, LIMIT - 2, 0, VECTOR_GP) &&
		      !window[LIMIT - 2] && !window[LIMIT],
	      "INSD across the limit");
	check(runs(do_insl, SELECTOR_SPARE, LIMIT - 3, 0) &&
		      window[LIMIT - 3] && window[LIMIT] && io_edi == LIMIT + 1,
	      "INSD up to the limit");
	memset(window, 0, sizeof(window));
	check(faults(do_rep_insb, SELECTOR_SPARE, LIMIT - 1, 4, VECTOR_GP) &&
		      !window[LIMIT - 2] && window[LIMIT - 1] == VALUE &&
		      window[LIMIT] == VALUE && !window[LIMIT + 1],
	      "REP INSB across the limit");
	check(faults(do_rep_outsb, SELECTOR_SPARE, LIMIT - 1, 4, VECTOR_GP),
	      "REP OUTSB across the limit");
}

/* The registers afterwards: SDM vol. 2B, INS, OUTS, REP. */
static void check_registers(void)
{
	set_spare(DATA, PAGES, 0, BITS(19, 0));
	check(runs(do_rep_insb, SELECTOR_SPARE, (u32)window, 300) &&
		      io_edi == (u32)window + 300 && io_ecx == 0 &&
		      window[299] == VALUE,
	      "REP INSB");
	check(runs(do_rep_insb_down, SELECTOR_SPARE, (u32)window + 3, 3) &&
		      io_edi == (u32)window && io_ecx == 0,
	      "REP INSB downwards");
	check(runs(do_rep_outsb, SELECTOR_SPARE, (u32)window, 0) &&
		      io_esi == (u32)window && io_ecx == 0,
	      "REP OUTSB of nothing");
	/* 16-bit addresses wrap, and the upper halves stay. */
	check(runs(do_rep_outsb16, SELECTOR_SPARE, 0x12340000 + LOW_64K - 2,
		   0xabcd0004) &&
		      io_esi == 0x12340002 && io_ecx == 0xabcd0000,
	      "REP OUTSB with 16-bit addresses");
}

void main(const char *arguments)
{
	(void)arguments;
	port_write(PORT, VALUE);
	for (enum mode m = MODE_2LEVEL; m < MODES; m++) {
		mode_enter(m);
		check_data_behind_rip();
		check_types();
		check_crossings();
		check_registers();
		mode_leave();
	}
}
