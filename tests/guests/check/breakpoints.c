/* SPDX-License-Identifier: MIT */
/*
 * Breakpoints on ports, page tables and devices, whose accesses a hypervisor
 * carries out itself. They trap after the instruction, and at each iteration of
 * a repeated one (SDM vol. 3B, 17.2.4 and 17.3.1). Bochs does not set RF there
 * (17.3.1.1): only the unit tests ask for it.
 */
#include "tests/guests/check/check.h"

#define APIC_VERSION_GPA 0xfee00030
#define TRAPS_MAX 4

/* DR7, SDM vol. 3B, 17.2.4: breakpoint 0, and its condition and length. */
#define DR7_FIXED BIT(10)
#define DR7_L0 BIT(0)
#define DR7_WRITE BIT(16)
#define DR7_IO BIT(17)
#define DR7_ACCESS BITS(17, 16)
#define DR7_2_BYTES BIT(18)
#define DR7_4_BYTES BITS(19, 18)
#define DR7_8_BYTES BIT(19)

static u32 hits;
static u64 hit_rip[TRAPS_MAX], hit_dr6[TRAPS_MAX];
static struct chain chain;
static u64 buffer[2];

static bool record_hit(struct trap_frame *frame)
{
	if (hits < TRAPS_MAX) {
		hit_rip[hits] = frame->rip;
		__asm__ volatile("mov %%dr6, %0" : "=r"(hit_dr6[hits]));
	}
	hits++;
	__asm__ volatile("mov %0, %%dr6" : : "r"((u64)DR6_FIXED));
	return true;
}

static void watch(u64 address, u64 condition)
{
	hits = 0;
	traps.debug = record_hit;
	__asm__ volatile("mov %0, %%dr0; mov %1, %%dr7"
			 :
			 : "r"(address), "r"(DR7_FIXED | DR7_L0 | condition)
			 : "memory");
}

static void watch_nothing(void)
{
	__asm__ volatile("mov %0, %%dr7" : : "r"(DR7_FIXED));
	traps.debug = NULL;
}

/* Requires one #DB of B0 at the end of the code. */
#define REQUIRE_HIT(what, ...)                                                 \
	do {                                                                   \
		u64 after_;                                                    \
                                                                               \
		__asm__ volatile("lea 9f(%%rip), %0\n" __VA_ARGS__);           \
		watch_nothing();                                               \
		require(hits == 1 && hit_rip[0] == after_ &&                   \
				hit_dr6[0] == (DR6_FIXED | BIT(0)),            \
			what);                                                 \
	} while (0)

#define END "\n9: nop\n" : "=&r"(after_)

static void check_ports(void)
{
	const u8 *from = (u8 *)buffer;
	u64 outs, after_outs, count = 3;

	watch(PORT_DELAY, DR7_IO);
	REQUIRE_HIT("OUT", "outb %%al, $0x80" END : : "memory");
	watch(PORT_DELAY, DR7_IO | DR7_4_BYTES);
	REQUIRE_HIT("IN", "inb $0x82, %%al" END : : "rax");
	watch(PORT_DELAY, DR7_IO | DR7_2_BYTES);
	__asm__ volatile("outb %%al, $0x82" : : "a"(0));
	watch_nothing();
	require(!hits, "OUT beside a watched port traps");

	watch(PORT_DELAY, DR7_IO);
	__asm__ volatile("lea 1f(%%rip), %0; lea 2f(%%rip), %1\n"
			 "1: rep outsb\n"
			 "2: nop"
			 : "=&r"(outs), "=&r"(after_outs), "+S"(from),
			   "+c"(count)
			 : "d"(PORT_DELAY)
			 : "memory");
	watch_nothing();
	require(hits == 3 && hit_rip[0] == outs && hit_rip[1] == outs &&
			hit_rip[2] == after_outs,
		"REP OUTS does not trap at each element");
}

static void check_string_operands(void)
{
	u64 *at = buffer;

	watch((u64)buffer, DR7_ACCESS | DR7_4_BYTES);
	REQUIRE_HIT("memory of OUTS", "outsl" END, "+S"(at) : "d"(PORT_DELAY));
	at = buffer;
	watch((u64)buffer, DR7_WRITE | DR7_4_BYTES);
	REQUIRE_HIT("memory of INS", "insb" END, "+D"(at)
		    : "d"(PORT_DELAY)
		    : "memory");
	at = buffer;
	watch((u64)buffer, DR7_WRITE | DR7_4_BYTES);
	__asm__ volatile("outsl; nop" : "+S"(at) : "d"(PORT_DELAY) : "memory");
	watch_nothing();
	require(!hits, "a breakpoint on writes traps OUTS");
}

static void check_table(void)
{
	volatile u64 *entry = chain_entry(&chain, WINDOW_GVA, 1);

	watch((u64)entry, DR7_WRITE | DR7_8_BYTES);
	REQUIRE_HIT("write of a table", "movq %1, (%2)" END
		    : "r"(*entry), "r"(entry)
		    : "memory");
	watch((u64)entry + 7, DR7_ACCESS);
	REQUIRE_HIT("read and write of a table", "lock orq $0, (%1)" END
		    : "r"(entry)
		    : "memory");
	watch((u64)(entry + 1), DR7_WRITE | DR7_8_BYTES);
	__asm__ volatile("lock orq $0, (%0); nop" : : "r"(entry) : "memory");
	watch_nothing();
	require(!hits, "a write beside a watched entry traps");
}

static void check_device(void)
{
	*chain_entry(&chain, WINDOW_GVA, 1) = APIC_VERSION_GPA | PTE_ALL;
	invlpg(WINDOW_GVA);
	watch(WINDOW_GVA + APIC_VERSION_GPA % PAGE_SIZE,
	      DR7_ACCESS | DR7_4_BYTES);
	REQUIRE_HIT("read of a device", "movl (%1), %%eax" END
		    : "r"(WINDOW_GVA + APIC_VERSION_GPA % PAGE_SIZE)
		    : "rax");
}

/*
 * MOV SS holds back the #DB of its own operand until the next instruction is
 * done (SDM vol. 3A, 6.8.3), here one that a hypervisor carries out. Not a
 * write of a table: at an exit by an exception Bochs drops the #DB, which a
 * processor keeps (vol. 3C, 27.3.4).
 */
static void check_mov_ss(void)
{
	u16 ss;

	__asm__ volatile("mov %%ss, %0" : "=rm"(ss));
	buffer[0] = ss;
	watch((u64)buffer, DR7_ACCESS | DR7_2_BYTES);
	REQUIRE_HIT("MOV SS, then OUT", "movw %1, %%ss\noutb %%al, $0x80" END
		    : "m"(buffer[0]));
	watch((u64)buffer, DR7_ACCESS | DR7_2_BYTES);
	REQUIRE_HIT("MOV SS, then CPUID", "movw %1, %%ss\ncpuid" END
		    : "m"(buffer[0])
		    : "rax", "rbx", "rcx", "rdx");
}

void check_breakpoints(void)
{
	u64 cr4 = read_cr4();

	chain_build(&chain, WINDOW_GVA);
	require(*(volatile u64 *)WINDOW_GVA == (u64)chain.frame,
		"the window is not mapped");
	write_cr4(cr4 | CR4_DE);
	check_ports();
	check_string_operands();
	write_cr4(cr4);
	check_table();
	check_mov_ss();
	check_device();
}
