/* SPDX-License-Identifier: MIT */
/*
 * 64-bit mode needs little of segmentation: one code and one data segment, and
 * a TSS for the interrupt stack table.
 */
#include "arch/x86/cpu.h"
#include "arch/x86/gdt.h"

struct guarded_stack stacks[STACK_COUNT]
	__attribute__((section(".stacks,\"aw\",@nobits#"), aligned(PAGE_SIZE)));

static struct tss tss = { .io_map_base = sizeof(struct tss) };

static u64 gdt[] = {
	[SELECTOR_CODE / 8] = DESCRIPTOR_CODE64,
	[SELECTOR_DATA / 8] = DESCRIPTOR_DATA,
	[SELECTOR_TSS / 8 + 1] = 0, /* both halves: gdt_init() */
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

	for (enum stack s = STACK_NMI; s < STACK_COUNT; s++)
		tss.ist[stack_ist(s) - 1] = (u64)(&stacks[s] + 1);

	tss_describe(&gdt[SELECTOR_TSS / 8], &tss);
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
