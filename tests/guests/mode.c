/* SPDX-License-Identifier: MIT */
/* The paging modes: identity-mapped tables, GDT, IDT and TSS for each. */
#include "tests/guests/runtime.h"

#define TRAP_STUB_SIZE 16
#define VECTOR_USER_DONE 0x80 /* as in asm.inc */
#define SELECTOR_CODE32 0x08
#define SELECTOR_KERNEL_DATA 0x10
#define SELECTOR_CODE64 0x18
#define SELECTOR_USER_DATA 0x2b
#define SELECTOR_TSS32 0x38
#define SELECTOR_TSS64 0x40

/* Gate and descriptor types, SDM vol. 3A, 3.5, 6.11 and 6.14.1. */
#define GATE_INTERRUPT 0x8e00
#define GATE_DPL_3 0x6000
#define GATE_PRESENT 0x8000
#define TSS_AVAILABLE 0x89

/* The tables of the identity map: 4 KiB pages, everything accessed and dirty. */
#define PTE_TABLE (PTE_P | PTE_W | PTE_U | PTE_A)
#define PTE_PAGE (PTE_P | PTE_W | PTE_A | PTE_D)
#define PT_SPAN_2LEVEL (4 * MIB)
#define PT_SPAN (2 * MIB)
#define PTS (MEMORY_END / PT_SPAN)

struct gate32 {
	u16 offset_low;
	u16 selector;
	u16 type;
	u16 offset_high;
};

struct gate64 {
	struct gate32 low;
	u32 offset_top;
	u32 reserved;
};

/* SDM vol. 3A, 7.2.1 and 7.7. */
struct tss32 {
	u32 link;
	u32 esp0;
	u32 ss0;
	u32 others[22];
	u16 trap;
	u16 io_map;
};

struct tss64 {
	u32 reserved;
	u64 rsp0;
	u64 other_stacks[11];
	u16 reserved_too;
	u16 io_map;
} __packed;

struct table_pointer {
	u16 limit;
	u32 base;
	u32 base_high; /* in 64-bit mode */
} __packed;

const char *const mode_names[MODES] = { "unpaged", "2level", "pse", "pae",
					"long" };
enum mode mode;
void *mode_root;

extern u8 trap_stubs32[], trap_stubs64[], trap_stack_top[];
extern u8 user_start[], user_end[];
extern u64 gdt[];
void user_done32(void);
void user_done64(void);
void mode_load(u32 cr3, u32 cr4, u32 efer);
void mode_unload(void);
void load_tables(const struct table_pointer *idt, u32 tss_selector);

static u32 gate_spoiled; /* the vector whose gate is not present; or 0 */
static struct gate32 idt32[VECTOR_USER_DONE + 1];
static struct gate64 idt64[VECTOR_USER_DONE + 1];
static struct tss32 tss32;
static struct tss64 tss64;
static u64 root[512] __attribute__((section(".bss.pages"), aligned(4096)));
static u64 pdpt[512] __attribute__((section(".bss.pages"), aligned(4096)));
static u64 pd[512] __attribute__((section(".bss.pages"), aligned(4096)));
static u64 pt[PTS][512] __attribute__((section(".bss.pages"), aligned(4096)));

static struct gate32 gate(const void *handler, u16 selector, u16 type)
{
	u32 offset = (u32)handler;

	return (struct gate32){ .offset_low = (u16)offset,
				.selector = selector,
				.type = type,
				.offset_high = (u16)(offset >> 16) };
}

static void set_tss(u32 selector, const void *tss, u32 size)
{
	u64 base = (u32)tss;

	gdt[selector / 8] = (size - 1) | (base & BITS(23, 0)) << 16 |
			    (u64)TSS_AVAILABLE << 40 |
			    (base & BITS(31, 24)) << 32;
}

static void build_descriptors(void)
{
	u32 vector;

	for (vector = 0; vector < VECTOR_EXCEPTIONS; vector++) {
		idt32[vector] = gate(trap_stubs32 + vector * TRAP_STUB_SIZE,
				     SELECTOR_CODE32, GATE_INTERRUPT);
		idt64[vector].low = gate(trap_stubs64 + vector * TRAP_STUB_SIZE,
					 SELECTOR_CODE64, GATE_INTERRUPT);
	}
	idt32[VECTOR_USER_DONE] = gate((void *)user_done32, SELECTOR_CODE32,
				       GATE_INTERRUPT | GATE_DPL_3);
	idt64[VECTOR_USER_DONE].low = gate((void *)user_done64, SELECTOR_CODE64,
					   GATE_INTERRUPT | GATE_DPL_3);
	tss32.esp0 = (u32)trap_stack_top;
	tss32.ss0 = SELECTOR_KERNEL_DATA;
	tss32.io_map = sizeof(tss32);
	tss64.rsp0 = (u32)trap_stack_top;
	tss64.io_map = sizeof(tss64);
	set_tss(SELECTOR_TSS32, &tss32, sizeof(tss32));
	set_tss(SELECTOR_TSS64, &tss64, sizeof(tss64));
}

static u32 page_entry(u32 gpa)
{
	bool user = gpa >= (u32)user_start && gpa < (u32)user_end;

	return gpa | PTE_PAGE | (user ? PTE_U : 0);
}

static void build_2level(void)
{
	u32 *entries = (u32 *)root;
	u32 gpa;

	for (gpa = 0; gpa < MEMORY_END; gpa += PAGE_SIZE)
		((u32 *)pt)[gpa / PAGE_SIZE] = page_entry(gpa);
	for (gpa = 0; gpa < MEMORY_END; gpa += PT_SPAN_2LEVEL)
		entries[gpa / PT_SPAN_2LEVEL] =
			(u32)pt + gpa / PAGE_SIZE * sizeof(u32) + PTE_TABLE;
}

static void build_3level(bool pae)
{
	u32 gpa;

	for (gpa = 0; gpa < MEMORY_END; gpa += PAGE_SIZE)
		((u64 *)pt)[gpa / PAGE_SIZE] = page_entry(gpa);
	for (gpa = 0; gpa < MEMORY_END; gpa += PT_SPAN)
		pd[gpa / PT_SPAN] = (u32)pt[gpa / PT_SPAN] | PTE_TABLE;
	if (pae) {
		root[0] = (u32)pd | PTE_P; /* a PDPTE has no rights */
		return;
	}
	root[0] = (u32)pdpt | PTE_TABLE;
	pdpt[0] = (u32)pd | PTE_TABLE;
}

/* The IDT and the TSS of the mode. */
static void load_descriptors(void)
{
	struct table_pointer idt;

	if (mode == MODE_LONG) {
		idt = (struct table_pointer){ sizeof(idt64) - 1, (u32)idt64,
					      0 };
		load_tables(&idt, SELECTOR_TSS64);
	} else {
		idt = (struct table_pointer){ sizeof(idt32) - 1, (u32)idt32,
					      0 };
		load_tables(&idt, SELECTOR_TSS32);
	}
}

static u32 mode_cr4(enum mode of)
{
	static const u32 cr4[MODES] = {
		[MODE_PSE] = CR4_PSE, [MODE_PAE] = CR4_PAE, [MODE_LONG] = CR4_PAE
	};

	return cr4[of] | CR4_OSFXSR | CR4_OSXMMEXCPT;
}

void mode_enter(enum mode next)
{
	memset(root, 0, sizeof(root));
	memset(pdpt, 0, sizeof(pdpt));
	memset(pd, 0, sizeof(pd));
	build_descriptors();
	if (next == MODE_PAE || next == MODE_LONG)
		build_3level(next == MODE_PAE);
	else
		build_2level();
	mode = next;
	mode_root = root;
	mode_load((u32)root, mode_cr4(next), next == MODE_LONG ? EFER_LME : 0);
	load_descriptors();
}

void mode_leave(void)
{
	mode_unload();
	mode = MODE_UNPAGED;
}

void gate_present(u32 vector, bool present)
{
	struct gate32 *gate = mode == MODE_LONG ? &idt64[vector].low
						: &idt32[vector];

	gate->type = present ? gate->type | GATE_PRESENT
			     : gate->type & ~GATE_PRESENT;
	gate_spoiled = present ? 0 : vector;
}

void mode_repair(void)
{
	u32 cr0 = CR0_PG | CR0_WP | CR0_PE | CR0_MP | CR0_NE | CR0_ET;
	u16 tr, ldtr;

	__asm__ volatile("cli; mov %0, %%dr7" : : "r"(0));
	__asm__ volatile("mov %0, %%fs; mov %0, %%gs"
			 :
			 : "r"(SELECTOR_USER_DATA));
	__asm__ volatile("str %0; sldt %1" : "=r"(tr), "=r"(ldtr));
	if (ldtr)
		__asm__ volatile("lldt %w0" : : "r"(0));
	if (tr != (mode == MODE_LONG ? SELECTOR_TSS64 : SELECTOR_TSS32))
		load_descriptors();
	if (gate_spoiled)
		gate_present(gate_spoiled, true);
	if (read_cr0() != cr0)
		write_cr0(cr0);
	if (read_cr4() != mode_cr4(mode))
		write_cr4(mode_cr4(mode));
	if (read_cr3() != (u32)mode_root)
		write_cr3((u32)mode_root);
}
