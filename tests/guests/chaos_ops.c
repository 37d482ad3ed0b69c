/* SPDX-License-Identifier: MIT */
/*
 * The operations that a guest survives; here on registers, ports and
 * instructions that belong to the hypervisor or to other modes. Each runs
 * inside try(): after any exception the next one follows, and mode_repair()
 * mends the rest.
 */
#include "tests/guests/chaos.h"

#include "guest/hypercall.h"

#define MSRS_LOW 0x2000

u32 chaos_scratch(void)
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

/* PE stays 1: leaving protected mode takes more than a trap handler. */
static void op_cr0(void)
{
	write_cr0((random_below(2) ? read_cr0() ^ 1U << random_below(32)
				   : random()) |
		  CR0_PE | CR0_PG);
}

/* PAE stays, and in long mode LA57: the tables would not fit. */
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

/* Returns true for ports that end the guest, or spoil its output. */
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

/* OUTS reads from any memory; INS writes to scratch memory only. */
static void op_string_io(void)
{
	u32 address = chaos_scratch();
	u32 wild = random_below(4) ? chaos_scratch() : (u32)chaos_chain.gva;
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

/* --- Instructions of other modes and of hypervisors ----------------------- */

#define INSN(name, text)                                                       \
	static void op_##name(void)                                            \
	{                                                                      \
		u32 address = chaos_scratch();                                 \
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

/* Changes the rung, asks for counters, and makes calls that do not exist. */
static void op_vmcall(void)
{
	u32 eax = random_below(2) ? HYPERCALL_RUNG : random();

	if (!random_below(8))
		eax = HYPERCALL_COUNTERS;
	__asm__ volatile("vmcall"
			 : "+a"(eax)
			 : "D"(eax == HYPERCALL_RUNG ? random_below(8)
						     : chaos_scratch()),
			   "S"(random_below(4) ? chaos_scratch() : HOLE_GPA)
			 : "memory");
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
};
const u32 chaos_op_count = ARRAY_SIZE(chaos_ops);
