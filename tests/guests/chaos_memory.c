/* SPDX-License-Identifier: MIT */
/*
 * More operations that a guest survives, see chaos_ops.c: on page tables,
 * descriptors, events, and addresses without memory.
 */
#include "tests/guests/chaos.h"

#define IOAPIC_GPA 0xfec00000
#define LAPIC_GPA 0xfee00000

/* --- Tables ------------------------------------------------------------------*/

static void *random_entry(void)
{
	return chaos_chain.entry[1 + random_below(top_level())];
}

/*
 * Returns one of the chain's own frames, scratch memory, or any other address;
 * but never one below FREE_GPA, where a walk would set A in our own code.
 */
static u64 random_link(void)
{
	u64 link = random_64() & (BITS(11, 0) | PTE_NX);

	switch (random_below(4)) {
	case 0:
		link |= FREE_GPA + random_below(6) * PAGE_SIZE;
		break;
	case 1:
		link |= (u64)chaos_scratch() & PTE_ADDR_MASK;
		break;
	case 2:
		link |= (u64)HOLE_GPA;
		break;
	default:
		link = random_64();
	}
	link |= random_below(4) ? PTE_P | PTE_W | PTE_A : 0;
	return link | FREE_GPA;
}

static void op_table_write(void)
{
	u32 *entry = random_entry();
	u32 bit = random_below(32);
	u64 link = random_link();

	switch (random_below(4)) {
	case 0:
		entry_write(entry, link);
		break;
	case 1:
		((volatile u8 *)entry)[random_below(2)] = (u8)link;
		break;
	case 2:
		__asm__ volatile("xchgl %0, %1"
				 : "+r"(*(u32 *)&link), "+m"(*entry)
				 :
				 : "memory");
		break;
	default:
		if (BIT(bit) != FREE_GPA)
			__asm__ volatile("lock btcl %1, %0"
					 : "+m"(*entry)
					 : "r"(bit));
	}
	if (random_below(2))
		invlpg(chaos_chain.gva);
}

static void op_table_mend(void)
{
	chain_build(&chaos_chain);
}

/*
 * Code that changes the entry through which it is executed: to another frame,
 * which has the same code but another number. It must return the new number.
 */
static void op_modify_own_mapping(void)
{
	static const u8 code[] = {
		0x89, 0x08, /* mov [eax], ecx */
		0x0f, 0x01, 0x3a, /* invlpg [edx] */
		0xb8, 0,    0,	  0, 0, /* mov eax, the frame's number */
		0xc3, /* ret */
	};
	u32 frame[2] = { SCRATCH_GPA + SCRATCH_SIZE,
			 SCRATCH_GPA + SCRATCH_SIZE + PAGE_SIZE };
	u32 gva = (u32)chaos_chain.gva, eax, i;

	if (mode == MODE_LONG)
		return;
	chain_build(&chaos_chain);
	for (i = 0; i < 2; i++) {
		memcpy((void *)frame[i], code, sizeof(code));
		memcpy((void *)(frame[i] + 6), &frame[i], sizeof(u32));
	}
	entry_write(chaos_chain.entry[1], frame[0] | PTE_P | PTE_W);
	invlpg(gva);
	eax = (u32)chaos_chain.entry[1];
	__asm__ volatile("call *%3"
			 : "+a"(eax)
			 : "c"(frame[1] | (u32)(PTE_P | PTE_W)), "d"(gva),
			   "r"(gva)
			 : "memory");
	if (check_failed(eax == frame[1]))
		print("  a page was executed that is no longer mapped: %x\n",
		      eax);
}

/* --- Descriptors and events --------------------------------------------------*/

extern u64 gdt[];
#define GDT_SPARE 10 /* start.asm leaves this slot free */

static void op_selectors(void)
{
	u16 selector = random_below(2) ? GDT_SPARE * 8 + random_below(4)
				       : (u16)random();

	gdt[GDT_SPARE] = random_64();
	switch (random_below(8)) {
	case 0:
		__asm__ volatile("mov %w0, %%ds" : : "r"(selector));
		break;
	case 1:
		__asm__ volatile("mov %w0, %%fs" : : "r"(selector));
		break;
	case 2:
		__asm__ volatile("mov %w0, %%gs; mov %%gs:0, %0"
				 : "+r"(selector));
		break;
	case 3:
		__asm__ volatile("lldt %w0" : : "r"(selector));
		break;
	case 4:
		__asm__ volatile("lar %w0, %%eax; lsl %w0, %%eax"
				 :
				 : "r"(selector)
				 : "eax");
		break;
	case 5:
		__asm__ volatile("verr %w0; verw %w0" : : "r"(selector));
		break;
	case 6:
		__asm__ volatile("ltr %w0" : : "r"(selector));
		break;
	default:
		__asm__ volatile("mov %w0, %%es" : : "r"(selector));
	}
}

/*
 * An exception whose gate is not present: #NP comes instead, or #DF for an
 * exception that makes one with it (SDM vol. 3A, table 6-5).
 */
static void op_nested_exception(void)
{
	static const u8 vectors[] = { VECTOR_UD, VECTOR_GP, VECTOR_PF,
				      VECTOR_BP, VECTOR_DE, VECTOR_NM };
	u32 vector = vectors[random_below(ARRAY_SIZE(vectors))];

	gate_present(vector, false);
	switch (vector) {
	case VECTOR_UD:
		__asm__ volatile("ud2");
		break;
	case VECTOR_GP:
		__asm__ volatile("mov %w0, %%fs" : : "r"(0xfff8));
		break;
	case VECTOR_PF:
		*(volatile u32 *)(u32)(MEMORY_END + random_below(GIB / 2));
		break;
	case VECTOR_BP:
		__asm__ volatile("int3");
		break;
	case VECTOR_DE:
		__asm__ volatile("divl %%ecx" : : "a"(1), "c"(0), "d"(0));
		break;
	default:
		write_cr0(read_cr0() | CR0_TS);
		__asm__ volatile("fnop");
	}
}

static void op_software_interrupt(void)
{
	switch (random_below(3)) {
	case 0:
		__asm__ volatile("int $0x20");
		break;
	case 1:
		__asm__ volatile("int $0xff");
		break;
	default:
		__asm__ volatile("int $13");
	}
}

/* A single step of the next code, with interrupts on for a moment. */
static void op_step(void)
{
	__asm__ volatile("pushfl; orl $0x100, (%%esp); popfl\n"
			 "cpuid\n"
			 :
			 : "a"(random_below(4))
			 : "ebx", "ecx", "edx", "memory");
}

static void op_interrupts_on(void)
{
	__asm__ volatile("sti; nop; cli");
}

/* --- Memory that isn't there -------------------------------------------------*/

/* Only reads of the APICs: a write might reset the machine, by INIT. */
static void op_hole(void)
{
	static const u32 gpas[] = { HOLE_GPA, HOLE_GPA, IOAPIC_GPA, LAPIC_GPA };
	u32 gpa = gpas[random_below(ARRAY_SIZE(gpas))];
	u32 gva = (u32)chaos_chain.gva, size = random_below(3);
	u32 offset = random_below(0xff8);

	if (mode == MODE_LONG)
		return;
	chain_build(&chaos_chain);
	entry_write(chaos_chain.entry[1], gpa | PTE_P | PTE_W | PTE_A | PTE_D);
	invlpg(gva);
	gva += offset;
	if (gpa != HOLE_GPA || random_below(2))
		size == 0   ? *(volatile u8 *)gva
		: size == 1 ? *(volatile u16 *)gva
			    : *(volatile u32 *)gva;
	else if (size == 0)
		*(volatile u8 *)gva = (u8)random();
	else if (size == 1)
		*(volatile u16 *)gva = (u16)random();
	else
		__asm__ volatile("lock xorl %1, %0"
				 : "+m"(*(u32 *)gva)
				 : "r"(random()));
}

#define OP(name)                                                               \
	{                                                                      \
#name, op_##name                                               \
	}
const struct chaos_op chaos_memory_ops[] = {
	OP(table_write), { "table_read", NULL }, OP(table_write),
	OP(table_mend),	 { "table_read", NULL }, OP(modify_own_mapping),
	OP(selectors),	 OP(nested_exception),	 OP(software_interrupt),
	OP(step),	 OP(interrupts_on),	 OP(hole),
};
const u32 chaos_memory_op_count = ARRAY_SIZE(chaos_memory_ops);
