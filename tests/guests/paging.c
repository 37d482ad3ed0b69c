/* SPDX-License-Identifier: MIT */
/* Accesses compared with the reference, and an address for experiments. */
#include "tests/guests/paging.h"

#include "arch/x86/cpuid.h"

#define PTE_ALL (PTE_P | PTE_W | PTE_U | PTE_A | PTE_D)
#define MARK 0xc0de0000
/* MOV EAX, imm32; RET */
#define INSN_MOV_EAX 0xb8
#define INSN_RET 0xc3

struct controls controls;
bool gigabyte_pages;

void controls_load(const struct controls *next)
{
	u32 cr0 = read_cr0() & ~(u32)CR0_WP;
	u32 cr4 = read_cr4() & ~(u32)(CR4_SMEP | CR4_SMAP | CR4_PGE);

	if (next->nxe != controls.nxe)
		write_efer((read_efer() & ~(u32)EFER_NXE) |
			   (next->nxe ? (u32)EFER_NXE : 0));
	write_cr0(cr0 | (next->wp ? CR0_WP : 0));
	write_cr4(cr4 | (next->smep ? CR4_SMEP : 0) |
		  (next->smap ? CR4_SMAP : 0) | (next->pge ? CR4_PGE : 0));
	write_cr3(read_cr3()); /* a change of NXE flushes nothing */
	controls = *next;
}

/* Writes the halves that change, the one with P last. */
void entry_write(void *entry, u64 value)
{
	volatile u32 *half = entry;

	if (has_wide_entries() && half[1] != (u32)(value >> 32))
		half[1] = (u32)(value >> 32);
	if (half[0] != (u32)value)
		half[0] = (u32)value;
}

static void complain(const struct prediction *p, const char *wrong)
{
	static const char *const kinds[] = { "read", "write", "fetch" };
	u32 i;

	print("  %s: %s %s at %llx, %s, wp %u nxe %u smep %u smap %u ac %u\n",
	      wrong, tried.user ? "user" : "kernel", kinds[tried.kind],
	      tried.gva, mode_names[mode], controls.wp, controls.nxe,
	      controls.smep, controls.smap, tried.ac);
	print("   expected %s(%x), got %s %u(%x) cr2 %llx value %x\n",
	      p->fault ? "#PF" : "no fault", p->fault ? p->error_code : 0,
	      tried.trapped ? "vector" : "none", tried.vector, tried.error_code,
	      tried.cr2, tried.value);
	for (i = 0; i < p->count; i++)
		print("   level %u: was %llx, is %llx\n", p->level[i],
		      p->before[i], entry_read(p->entry[i]));
}

/* Returns true if the value of an access is not that of its page. */
static bool is_wrong_page(const struct prediction *p)
{
	if (p->fault || p->gpa >= MEMORY_END)
		return false;
	if (tried.kind == TRY_FETCH)
		return tried.value != MARK + (u32)p->gpa / PAGE_SIZE;
	return tried.value != *(u32 *)(u32)p->gpa;
}

static const char *verify_tried(const struct access *a,
				const struct prediction *p)
{
	struct access_result r = { .trapped = tried.trapped,
				   .vector = tried.vector,
				   .error_code = tried.error_code,
				   .cr2 = tried.trapped ? tried.cr2
							: read_cr2() };
	const char *wrong = compare(a, p, &r);

	return wrong ? wrong : is_wrong_page(p) ? "a wrong page" : NULL;
}

void verify(u64 gva, u32 user, enum try_kind kind, u32 ac)
{
	static u32 written = 0x10000;
	struct prediction p;
	struct access a;
	const char *wrong;

	tried.gva = gva + (kind == TRY_FETCH ? FETCH_OFFSET : 0);
	tried.user = user;
	tried.kind = kind;
	tried.ac = ac;
	tried.value = kind == TRY_WRITE ? written++ : 0;
	a = (struct access){ .gva = tried.gva,
			     .kind = (enum access_kind)kind,
			     .user = user,
			     .ac = ac };
	predict(&a, &p);
	write_cr2(CR2_MARK);
	try();
	wrong = verify_tried(&a, &p);
	if (check_failed(!wrong))
		complain(&p, wrong);
}

/* Fills a frame of the test with its own number. */
static void frame_fill(u32 gpa)
{
	u8 *frame = (u8 *)gpa;
	u32 number = MARK + gpa / PAGE_SIZE;

	memset(frame, INSN_RET, PAGE_SIZE);
	memcpy(frame, &number, sizeof(number));
	frame[FETCH_OFFSET] = INSN_MOV_EAX;
	memcpy(frame + FETCH_OFFSET + 1, &number, sizeof(number));
}

/* Each level has another index, so that a wrong index leads elsewhere. */
#define PT_INDEX 5
#define LARGE_GPA (FREE_GPA + 4 * MIB)

void chain_build(struct chain *chain)
{
	u32 level, gpa = FREE_GPA;
	void *table = mode_root;

	gigabyte_pages = cpuid(CPUID_EXT_FEATURES).edx & CPUID_EXT_EDX_PAGE1GB;
	chain->gva = mode == MODE_LONG ? BIT(level_shift(4)) * 2 : 0;
	chain->gva += has_wide_entries() ? GIB + BIT(level_shift(2)) * 6 : GIB;
	chain->gva += PT_INDEX * PAGE_SIZE;
	/*
	 * The tables of an earlier chain are unlinked before they are cleared.
	 */
	entry_write(table_entry(table, chain->gva, top_level()), 0);
	write_cr3(read_cr3());
	for (level = top_level(); level; level--) {
		memset((void *)gpa, 0, PAGE_SIZE);
		chain->entry[level] = table_entry(table, chain->gva, level);
		chain->link[level] = gpa | PTE_ALL;
		if (mode == MODE_PAE && level == 3)
			chain->link[level] = gpa | PTE_P;
		entry_write(chain->entry[level], chain->link[level]);
		table = (void *)gpa;
		gpa += PAGE_SIZE;
	}
	frame_fill(gpa - PAGE_SIZE);
	chain->large = LARGE_GPA | PTE_PS;
	frame_fill(LARGE_GPA + PT_INDEX * PAGE_SIZE);
	write_cr3(read_cr3()); /* PAE's PDPTEs, too */
}
