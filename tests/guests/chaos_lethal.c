/* SPDX-License-Identifier: MIT */
/*
 * The operations that a guest may not survive: most end in a triple fault, some
 * with Umbra's message that it does not emulate an instruction.
 */
#include "tests/guests/chaos.h"

static void lethal_cr3(void)
{
	write_cr3(random());
}

static void lethal_cr0(void)
{
	write_cr0(random());
}

static void lethal_cr4(void)
{
	write_cr4(read_cr4() ^ CR4_PAE);
}

static void lethal_idt(void)
{
	struct {
		u16 limit;
		u32 base[2];
	} __packed table = { (u16)random_bits(), { random_bits(), 0 } };

	__asm__ volatile("lidt %0; int3" : : "m"(table));
}

static void lethal_gdt(void)
{
	struct {
		u16 limit;
		u32 base[2];
	} __packed table = { (u16)random_bits(), { random_bits(), 0 } };

	__asm__ volatile("lgdt %0; mov %w1, %%ds"
			 :
			 : "m"(table), "r"(random() & 0xf8));
}

/* A stack where no exception can be delivered. */
static void lethal_stack(void)
{
	__asm__ volatile("mov %0, %%esp; push %%eax" : : "r"(random()));
}

/* Overwrites our own tables at random; the next access through them decides. */
static void lethal_tables(void)
{
	u32 *root = mode_root;

	root[random_below(4)] = (u32)random_64();
	write_cr3((u32)mode_root);
}

/* Random code, with all rights. */
static void lethal_code(void)
{
	u32 *code = (u32 *)(u32)SCRATCH_GPA, i;

	for (i = 0; i < 16; i++)
		code[i] = random();
	code[i] = 0xcccccccc;
	((void (*)(void))code)();
}

static void lethal_far_jump(void)
{
	u32 stack[2] = { random(), random() & 0xff };

	__asm__ volatile("mov %0, %%esp; retf" : : "r"(stack) : "memory");
}

/* A task switch by whatever the spare descriptor holds. */
static void lethal_task(void)
{
	extern u64 gdt[];

	gdt[10] = (random_64() & ~BITS(47, 40)) | 0x89ULL << 40;
	__asm__ volatile("lcall $0x50, $0");
}

/* IRET with NT set switches to the task in the link of the current TSS. */
static void lethal_nested_task(void)
{
	__asm__ volatile("pushfl; orl $0x4000, (%%esp); popfl; iret" : :);
}

static void lethal_flags(void)
{
	__asm__ volatile("push %0; popfl; nop" : : "r"(random() & ~0x100U));
}

#define OP(name)                                                               \
	{                                                                      \
#name, lethal_##name                                           \
	}
const struct chaos_op chaos_lethal_ops[] = {
	OP(cr3),  OP(cr0),	   OP(cr4),   OP(idt),
	OP(gdt),  OP(stack),	   OP(code),  OP(far_jump),
	OP(task), OP(nested_task), OP(flags), OP(tables),
};
const u32 chaos_lethal_op_count = ARRAY_SIZE(chaos_lethal_ops);
