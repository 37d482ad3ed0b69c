/* SPDX-License-Identifier: MIT */
/* The reference: SDM vol. 3A, 4.3 (32-bit), 4.4 (PAE), 4.5 (4-level). */
#include "tests/guests/paging.h"

#include "arch/x86/cpuid.h"

#define PTE_ALL (PTE_P | PTE_W | PTE_U | PTE_A | PTE_D)
#define PSE36_BITS 8 /* address bits 39:32, in 20:13 of the entry */
#define CR2_MARK 0x5a5a5a5a
#define MARK 0xc0de0000
/* MOV EAX, imm32; RET */
#define INSN_MOV_EAX 0xb8
#define INSN_RET 0xc3

struct controls controls;
static bool gigabyte_pages;

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
	write_cr3(read_cr3()); /* NXE's change flushes nothing */
	controls = *next;
}

static bool wide(void)
{
	return mode == MODE_PAE || mode == MODE_LONG;
}

u32 top_level(void)
{
	return mode == MODE_LONG ? 4 : mode == MODE_PAE ? 3 : 2;
}

u64 entry_read(const void *entry)
{
	return wide() ? *(const volatile u64 *)entry
		      : *(const volatile u32 *)entry;
}

/* As two halves, the one with P last; only what changes. */
void entry_write(void *entry, u64 value)
{
	volatile u32 *half = entry;

	if (wide() && half[1] != (u32)(value >> 32))
		half[1] = (u32)(value >> 32);
	if (half[0] != (u32)value)
		half[0] = (u32)value;
}

bool large_pages(void)
{
	return mode != MODE_2LEVEL;
}

u64 large_page_size(void)
{
	return wide() ? 2 * MIB : 4 * MIB;
}

static u32 level_shift(u32 level)
{
	return PAGE_SHIFT + (wide() ? 9 : 10) * (level - 1);
}

void *table_entry(void *table, u64 gva, u32 level)
{
	u32 index = (u32)(gva >> level_shift(level));

	if (wide())
		return (u64 *)table + index % 512;
	return (u32 *)table + index % 1024;
}

static bool is_large(u64 entry, u32 level)
{
	return entry & PTE_PS &&
	       (level == 2 || (level == 3 && mode != MODE_PAE));
}

bool has_reserved_bit(u64 entry, u32 level)
{
	u32 width = MIN(maxphyaddr, 40U);

	if (mode == MODE_2LEVEL)
		return false;
	if (mode == MODE_PSE) /* table 4-4 */
		return level == 2 && entry & PTE_PS &&
		       entry & BITS(21, width - 32 + 13);
	if (mode == MODE_PAE && entry & BITS(62, 52))
		return true;
	if (entry & BITS(51, maxphyaddr))
		return true;
	if (entry & PTE_NX && !controls.nxe)
		return true;
	if (entry & PTE_PS && (level == 4 || (level == 3 && !gigabyte_pages)))
		return true;
	if (is_large(entry, level))
		return entry & (level == 2 ? BITS(20, 13) : BITS(29, 13));
	return false;
}

static u64 leaf_base(u64 entry, u32 level)
{
	if (mode == MODE_PSE && level == 2)
		return (entry & BITS(31, 22)) |
		       (entry >> 13 & (BIT(PSE36_BITS) - 1)) << 32;
	return entry & PTE_ADDR_MASK & ~(BIT(level_shift(level)) - 1);
}

/* SDM vol. 3A, 4.6.1. */
static bool is_permitted(u64 all_have, u64 any_has)
{
	bool user_page = all_have & PTE_U;

	if (tried.user && !user_page)
		return false;
	if (tried.kind == TRY_FETCH) {
		if (wide() && controls.nxe && any_has & PTE_NX)
			return false;
		return tried.user || !user_page || !controls.smep;
	}
	if (!tried.user && user_page && controls.smap && !tried.ac)
		return false;
	if (tried.kind == TRY_WRITE && !(all_have & PTE_W))
		return !tried.user && !controls.wp;
	return true;
}

/* SDM vol. 3A, 4.7. */
static void predict_fault(struct prediction *p, u32 error_code)
{
	p->fault = true;
	p->error_code = error_code | (tried.user ? PFEC_U : 0);
	if (tried.kind == TRY_WRITE)
		p->error_code |= PFEC_W;
	if (tried.kind == TRY_FETCH &&
	    (controls.smep || (wide() && controls.nxe)))
		p->error_code |= PFEC_I;
}

void predict(struct prediction *p)
{
	void *table = mode_root;
	u64 all_have = ~0ULL, any_has = 0, entry;
	u32 level = top_level();

	p->fault = false;
	p->count = 0;
	if (mode == MODE_PAE) {
		entry = entry_read(table_entry(table, tried.gva, level--));
		table = (void *)(u32)(entry & PTE_ADDR_MASK);
		if (!(entry & PTE_P))
			return predict_fault(p, 0);
	}
	for (;; level--) {
		p->level[p->count] = level;
		p->entry[p->count] = table_entry(table, tried.gva, level);
		entry = entry_read(p->entry[p->count]);
		p->before[p->count++] = entry;
		if (!(entry & PTE_P))
			return predict_fault(p, 0);
		if (has_reserved_bit(entry, level))
			return predict_fault(p, PFEC_P | PFEC_RSVD);
		all_have &= entry;
		any_has |= entry;
		if (level == 1 || (is_large(entry, level) && large_pages()))
			break;
		table = (void *)(u32)(entry & PTE_ADDR_MASK);
	}
	if (!is_permitted(all_have, any_has))
		predict_fault(p, PFEC_P);
	p->gpa = leaf_base(entry, level) |
		 (tried.gva & (BIT(level_shift(level)) - 1));
}

/*
 * SDM vol. 3A, 4.8. After a fault, A may have been set in what the walk went
 * through; D never is, nor A in the entry that the walk ended at.
 */
static bool flags_are_right(const struct prediction *p)
{
	u64 want, tolerated;
	u32 i;

	for (i = 0; i < p->count; i++) {
		want = p->before[i] | (p->fault ? 0 : PTE_A);
		tolerated = p->fault && i + 1 < p->count ? PTE_A : 0;
		if (!p->fault && i + 1 == p->count && tried.kind == TRY_WRITE)
			want |= PTE_D;
		if ((entry_read(p->entry[i]) ^ want) & ~tolerated)
			return false;
	}
	return true;
}

const char *compare(const struct prediction *p)
{
	u32 cr2;

	if (p->fault != (tried.trapped && tried.vector == VECTOR_PF))
		return p->fault ? "no page fault" : "a fault";
	if (p->fault && tried.error_code != p->error_code)
		return "a wrong error code";
	if (p->fault && tried.cr2 != tried.gva)
		return "a wrong CR2";
	if (!p->fault) {
		__asm__ volatile("mov %%cr2, %0" : "=r"(cr2));
		if (cr2 != CR2_MARK)
			return "CR2 changed without a fault";
		if (p->gpa < MEMORY_END) {
			if (tried.kind == TRY_FETCH
				    ? tried.value !=
					      MARK + (u32)p->gpa / PAGE_SIZE
				    : tried.value != *(u32 *)(u32)p->gpa)
				return "a wrong page";
		}
	}
	return flags_are_right(p) ? NULL : "wrong A or D bits";
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

void verify(u64 gva, u32 user, enum try_kind kind, u32 ac)
{
	static u32 written = 0x10000;
	struct prediction p;
	const char *wrong;

	tried.gva = gva + (kind == TRY_FETCH ? FETCH_OFFSET : 0);
	tried.user = user;
	tried.kind = kind;
	tried.ac = ac;
	tried.value = kind == TRY_WRITE ? written++ : 0;
	predict(&p);
	write_cr2(CR2_MARK);
	try();
	wrong = compare(&p);
	if (check_failed(!wrong))
		complain(&p, wrong);
}

/* A frame of the test's own, which knows its number. */
static void frame_fill(u32 gpa)
{
	u8 *frame = (u8 *)gpa;
	u32 number = MARK + gpa / PAGE_SIZE;

	memset(frame, INSN_RET, PAGE_SIZE);
	memcpy(frame, &number, sizeof(number));
	frame[FETCH_OFFSET] = INSN_MOV_EAX;
	memcpy(frame + FETCH_OFFSET + 1, &number, sizeof(number));
}

/* At each level an index of its own, so that a wrong one goes elsewhere. */
#define PT_INDEX 5
#define LARGE_GPA (FREE_GPA + 4 * MIB)

void chain_build(struct chain *chain)
{
	u32 level, gpa = FREE_GPA;
	void *table = mode_root;

	gigabyte_pages = cpuid(CPUID_EXT_FEATURES).edx & CPUID_EXT_EDX_PAGE1GB;
	chain->gva = mode == MODE_LONG ? BIT(level_shift(4)) * 2 : 0;
	chain->gva += wide() ? GIB + BIT(level_shift(2)) * 6 : GIB;
	chain->gva += PT_INDEX * PAGE_SIZE;
	/* The tables of an earlier chain are no tables while they are cleared. */
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
