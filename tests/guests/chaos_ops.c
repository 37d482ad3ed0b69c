/* SPDX-License-Identifier: MIT */
/*
 * The operations that a guest survives. Each runs inside try(): whatever
 * exception it raises, the next one follows; mode_repair() mends the rest.
 */
#include "tests/guests/chaos.h"

#include "guest/hypercall.h"

#define HOLE_GPA 0xd0000000

#define MSRS_LOW 0x2000

static u32 scratch(void)
{
	return (SCRATCH_GPA + random_below(SCRATCH_SIZE)) & ~7U;
}

/* --- Registers ---------------------------------------------------------------*/

static u32 random_msr(void)
{
	switch (random_below(5)) {
	case 0:
		return 0xc0000080 + random_below(5);
	case 1:
		return 0xc0000000 + random_below(MSRS_LOW);
	case 2:
		return 0x480 + random_below(0x20); /* VMX */
	case 3:
		return random_below(8) ? random_below(0x400)
				       : 0x800 + random_below(0x100);
	default:
		return random_below(2) ? random_below(MSRS_LOW) : random_bits();
	}
}

static void op_rdmsr(void)
{
	u32 low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(random_msr()));
}

static void op_wrmsr(void)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(random_msr()), "a"(random_bits()),
			   "d"(random_below(2) ? 0 : random_bits()));
}

static void op_cpuid(void)
{
	static const u32 bases[] = { 0, 0x40000000, 0x80000000, 0xc0000000 };
	u32 eax = bases[random_below(4)] + random_below(0x20);
	u32 ebx, ecx = random_below(2) ? random_below(16) : random(), edx;

	if (!random_below(8))
		eax = random();
	__asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
}

/* Not PE: a guest that leaves protected mode needs more than a trap handler. */
static void op_cr0(void)
{
	write_cr0((random_below(2) ? read_cr0() ^ 1U << random_below(32)
				   : random()) |
		  CR0_PE | CR0_PG);
}

/* Not PAE, and in long mode not LA57: the tables would not fit. */
static void op_cr4(void)
{
	u32 keep = CR4_PAE | (mode == MODE_LONG ? CR4_LA57 : 0);
	u32 now = read_cr4();
	u32 next = random_below(2) ? now ^ 1U << random_below(32) : random();

	write_cr4((next & ~keep) | (now & keep));
}

/* The low bits are ignored, or PWT and PCD. */
static void op_cr3(void)
{
	write_cr3(((u32)mode_root & ~0xfffU) | random_below(0x20));
}

static void op_debug_registers(void)
{
	u32 value = random_bits();

	switch (random_below(6)) {
	case 0:
		__asm__ volatile("mov %0, %%dr0" : : "r"(value));
		break;
	case 1:
		__asm__ volatile("mov %0, %%dr3" : : "r"(value));
		break;
	case 2:
		__asm__ volatile("mov %0, %%dr6" : : "r"(value));
		break;
	case 3:
		__asm__ volatile("mov %%dr7, %0" : "=r"(value));
		break;
	case 4:
		__asm__ volatile("mov %0, %%dr4" : : "r"(value));
		break;
	default:
		/* A breakpoint on our own next instruction, say. */
		__asm__ volatile(
			"lea 1f, %0; mov %0, %%dr0; mov %1, %%dr7; nop;"
			"1: nop"
			: "=&r"(value)
			: "r"(random_bits() & ~0x2000U));
	}
}

static void op_lmsw(void)
{
	__asm__ volatile("lmsw %w0" : : "r"(random() | CR0_PE));
}

static void op_xsetbv(void)
{
	write_cr4(read_cr4() | CR4_OSXSAVE);
	__asm__ volatile("xsetbv"
			 :
			 : "a"(random_bits()),
			   "d"(random_below(4) ? 0 : random_bits()),
			   "c"(random_below(4) ? 0 : random_bits()));
}

/* --- Ports -------------------------------------------------------------------*/

/* Ports that end the guest, or spoil its output. */
static bool is_precious(u32 port)
{
	static const struct {
		u16 first, last;
	} precious[] = {
		{ 0x64, 0x64 },	    { 0x92, 0x92 },	{ 0xb2, 0xb2 },
		{ 0xe9, 0xe9 },	    { 0xf4, 0xf7 },	{ 0x3f8, 0x3ff },
		{ 0x600, 0x60f },   { 0xb000, 0xb03f }, { 0xcf9, 0xcf9 },
		{ 0x8900, 0x8900 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(precious); i++)
		if (port >= precious[i].first && port <= precious[i].last)
			return true;
	return false;
}

static u16 random_port(void)
{
	u32 port, i;

	for (;;) {
		port = random_below(2) ? random_below(0x400)
				       : random_below(0x10000);
		for (i = 0; i < 4; i++)
			if (is_precious(port + i))
				break;
		if (i == 4)
			return (u16)port;
	}
}

static void op_in(void)
{
	u16 port = (u16)random(); /* to read is always safe */
	u32 value;

	switch (random_below(3)) {
	case 0:
		__asm__ volatile("inb %w1, %b0" : "=a"(value) : "Nd"(port));
		break;
	case 1:
		__asm__ volatile("inw %w1, %w0" : "=a"(value) : "Nd"(port));
		break;
	default:
		__asm__ volatile("inl %w1, %0" : "=a"(value) : "Nd"(port));
	}
}

static void op_out(void)
{
	u16 port = random_port();
	u32 value = random();

	switch (random_below(3)) {
	case 0:
		__asm__ volatile("outb %b0, %w1" : : "a"(value), "Nd"(port));
		break;
	case 1:
		__asm__ volatile("outw %w0, %w1" : : "a"(value), "Nd"(port));
		break;
	default:
		__asm__ volatile("outl %0, %w1" : : "a"(value), "Nd"(port));
	}
}

/* Out of wild memory, too; into scratch memory alone. */
static void op_string_io(void)
{
	u32 address = scratch();
	u32 wild = random_below(4) ? scratch() : (u32)chaos_chain.gva;
	u32 count = random_below(600);
	u16 port = random_port();

	switch (random_below(4)) {
	case 0:
		__asm__ volatile("rep insb"
				 : "+D"(address), "+c"(count)
				 : "d"(port)
				 : "memory");
		break;
	case 1:
		__asm__ volatile("rep insl"
				 : "+D"(address), "+c"(count)
				 : "d"(port)
				 : "memory");
		break;
	case 2:
		__asm__ volatile("rep outsb"
				 : "+S"(wild), "+c"(count)
				 : "d"(port));
		break;
	default:
		__asm__ volatile("outsw" : "+S"(wild) : "d"(port));
	}
}

/* --- Instructions that belong to somebody else -------------------------------*/

#define INSN(name, text)                                                       \
	static void op_##name(void)                                            \
	{                                                                      \
		u32 address = scratch();                                       \
		u32 eax = random(), ecx = random_bits(), edx = random();       \
                                                                               \
		__asm__ volatile(text                                          \
				 : "+S"(address), "+a"(eax), "+c"(ecx),        \
				   "+d"(edx)                                   \
				 :                                             \
				 : "memory");                                  \
	}

INSN(vmxon, "vmxon (%%esi)")
INSN(vmclear, "vmclear (%%esi)")
INSN(vmptrld, "vmptrld (%%esi)")
INSN(vmptrst, "vmptrst (%%esi)")
INSN(vmlaunch, "vmlaunch")
INSN(vmresume, "vmresume")
INSN(vmread, "vmread %%eax, %%edx")
INSN(vmwrite, "vmwrite %%edx, %%eax")
INSN(vmxoff, "vmxoff")
INSN(vmfunc, "vmfunc")
INSN(invept, "invept (%%esi), %%eax")
INSN(invvpid, "invvpid (%%esi), %%eax")
INSN(invpcid, "invpcid (%%esi), %%eax")
INSN(getsec, "getsec")
INSN(rsm, "rsm")
INSN(monitor, "mov %%esi, %%eax; xor %%ecx, %%ecx; monitor")
INSN(mwait, "xor %%ecx, %%ecx; mwait")
INSN(rdpmc, "rdpmc")
INSN(rdtsc, "rdtsc")
INSN(wbinvd, "wbinvd")
INSN(invd, "invd")
INSN(clflush, "clflush (%%esi)")
INSN(invlpg, "invlpg (%%eax)")
INSN(int1, ".byte 0xf1")
INSN(int3, "int3")
INSN(ud2, "ud2")
INSN(xgetbv, "xgetbv")

/* Change the rung in mid-run; ask for counters; and what is no hypercall. */
static void op_vmcall(void)
{
	u32 eax = random_below(2) ? HYPERCALL_RUNG : random();

	if (!random_below(8))
		eax = HYPERCALL_COUNTERS;
	__asm__ volatile(
		"vmcall"
		: "+a"(eax)
		: "D"(eax == HYPERCALL_RUNG ? random_below(8) : scratch()),
		  "S"(random_below(4) ? scratch() : HOLE_GPA)
		: "memory");
}

/* --- Tables ------------------------------------------------------------------*/

static void *random_entry(void)
{
	return chaos_chain.entry[1 + random_below(top_level())];
}

/*
 * To one of the chain's own frames, to scratch memory, or anywhere: but never
 * below FREE_GPA, where a walk would set A in our own code.
 */
static u64 random_link(void)
{
	u64 link = random_64() & (BITS(11, 0) | PTE_NX);

	switch (random_below(4)) {
	case 0:
		link |= FREE_GPA + random_below(6) * PAGE_SIZE;
		break;
	case 1:
		link |= (u64)scratch() & PTE_ADDR_MASK;
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
 * Code that changes the entry it is executed through: to another frame, which
 * has the same code but another number. What it returns must be the new one.
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
 * An exception whose gate is not there: #NP in the place of it, or #DF if it
 * is one of those that make one (SDM vol. 3A, table 6-5).
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

/* A single step into whatever comes, with interrupts on for a moment. */
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

static void op_hole(void)
{
	u32 gva = (u32)chaos_chain.gva, size = random_below(3);
	u32 offset = random_below(0xff8);

	if (mode == MODE_LONG)
		return;
	chain_build(&chaos_chain);
	entry_write(chaos_chain.entry[1],
		    HOLE_GPA | PTE_P | PTE_W | PTE_A | PTE_D);
	invlpg(gva);
	gva += offset;
	if (random_below(2))
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
const struct chaos_op chaos_ops[] = {
	OP(rdmsr),
	OP(wrmsr),
	OP(cpuid),
	OP(cr0),
	OP(cr4),
	OP(cr3),
	OP(debug_registers),
	OP(lmsw),
	OP(xsetbv),
	OP(in),
	OP(out),
	OP(string_io),
	OP(vmxon),
	OP(vmclear),
	OP(vmptrld),
	OP(vmptrst),
	OP(vmlaunch),
	OP(vmresume),
	OP(vmread),
	OP(vmwrite),
	OP(vmxoff),
	OP(vmfunc),
	OP(invept),
	OP(invvpid),
	OP(invpcid),
	OP(getsec),
	OP(rsm),
	OP(monitor),
	OP(mwait),
	OP(rdpmc),
	OP(rdtsc),
	OP(wbinvd),
	OP(invd),
	OP(clflush),
	OP(invlpg),
	OP(int1),
	OP(int3),
	OP(ud2),
	OP(xgetbv),
	OP(vmcall),
	OP(table_write),
	{ "table_read", NULL },
	OP(table_write),
	OP(table_mend),
	{ "table_read", NULL },
	OP(modify_own_mapping),
	OP(selectors),
	OP(nested_exception),
	OP(software_interrupt),
	OP(step),
	OP(interrupts_on),
	OP(hole),
};
const u32 chaos_op_count = ARRAY_SIZE(chaos_ops);
