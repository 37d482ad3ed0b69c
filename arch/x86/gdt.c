/* SPDX-License-Identifier: MIT */
/*
 * Segmentation is all but gone in 64-bit mode: one code and one data segment,
 * and a TSS that holds nothing but the interrupt stack table.
 */
#include "arch/x86/cpu.h"
#include "arch/x86/gdt.h"

struct guarded_stack stacks[STACK_COUNT]
	__attribute__((section(".stacks,\"aw\",@nobits#"), aligned(PAGE_SIZE)));

/* SDM vol. 3A, 7.7. */
struct tss {
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7]; /* IST 1 to 7 */
	u64 reserved2;
	u16 reserved3;
	u16 io_map_base;
} __packed;

static struct tss tss = { .io_map_base = sizeof(struct tss) };

/* Segment descriptors, SDM vol. 3A, 3.4.5: present, ring 0, accessed. */
#define DESCRIPTOR_CODE64 0x00af9b000000ffffULL
#define DESCRIPTOR_DATA 0x00cf93000000ffffULL
#define DESCRIPTOR_TSS_PRESENT 0x0000890000000000ULL /* 64-bit, available */

static u64 gdt[] = {
	[SELECTOR_CODE / 8] = DESCRIPTOR_CODE64,
	[SELECTOR_DATA / 8] = DESCRIPTOR_DATA,
	[SELECTOR_TSS / 8] = DESCRIPTOR_TSS_PRESENT,
	[SELECTOR_TSS / 8 + 1] = 0, /* the upper half of the TSS's address */
};

static void load_segments(void)
{
	asm volatile("push %0\n"
		     "lea 1f(%%rip), %%rax\n"
		     "push %%rax\n"
		     "lretq\n"
		     "1: mov %1, %%ds\n"
		     "mov %1, %%es\n"
		     "mov %1, %%ss\n"
		     :
		     : "i"(SELECTOR_CODE), "r"(SELECTOR_DATA)
		     : "rax", "memory");
}

void gdt_init(void)
{
	struct table_register gdtr = { sizeof(gdt) - 1, (u64)gdt };
	u64 base = (u64)&tss;

	for (enum stack s = STACK_NMI; s < STACK_COUNT; s++)
		tss.ist[stack_ist(s) - 1] = (u64)(&stacks[s] + 1);

	/* The base is spread over the descriptor: bits 39:16, 63:56, 95:64. */
	gdt[SELECTOR_TSS / 8] = DESCRIPTOR_TSS_PRESENT | (sizeof(tss) - 1) |
				(base & BITS(23, 0)) << 16 |
				(base & BITS(31, 24)) << 32;
	gdt[SELECTOR_TSS / 8 + 1] = base >> 32;
	lgdt(&gdtr);
	load_segments();
	ltr(SELECTOR_TSS);
}

u64 gdt_base(void)
{
	return (u64)gdt;
}

u64 tss_base(void)
{
	return (u64)&tss;
}
