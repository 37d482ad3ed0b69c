/* SPDX-License-Identifier: MIT */
/*
 * The instructions that C can't express, an inline function for each, with the
 * segment and table registers. SDM vol. 2 describes each of them.
 */
#ifndef ARCH_X86_CPU_H
#define ARCH_X86_CPU_H

#include "arch/x86/descriptors.h"
#include "lib/types.h"

struct cpuid_result {
	u32 eax, ebx, ecx, edx;
};

static inline struct cpuid_result cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid_result r;

	asm volatile("cpuid"
		     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
		     : "a"(leaf), "c"(subleaf));
	return r;
}

static inline u64 rdmsr(u32 msr)
{
	u32 low, high;

	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr) : "memory");
	return (u64)high << 32 | low;
}

static inline void wrmsr(u32 msr, u64 value)
{
	asm volatile("wrmsr"
		     :
		     : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32))
		     : "memory");
}

/*
 * An entry of the exception table: if the instruction at the first address
 * faults, execution goes on at the second (arch/x86/trap.c).
 */
#define EX_TABLE(from, to)                                                     \
	".pushsection .ex_table, \"a\"\n"                                      \
	".quad " from ", " to "\n"                                             \
	".popsection\n"

/* Reads an MSR that may not exist. Returns false on the processor's #GP. */
static inline bool msr_read_safe(u32 msr, u64 *value)
{
	u32 low, high;

	asm goto("1: rdmsr\n" EX_TABLE("1b", "%l[fault]")
		 : "=a"(low), "=d"(high)
		 : "c"(msr)
		 : "memory"
		 : fault);
	*value = (u64)high << 32 | low;
	return true;
fault:
	return false;
}

/*
 * Writes an MSR that may refuse it. Returns false if the processor answered
 * #GP.
 */
static inline bool msr_write_safe(u32 msr, u64 value)
{
	asm goto("1: wrmsr\n" EX_TABLE("1b", "%l[fault]")
		 :
		 : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32))
		 : "memory"
		 : fault);
	return true;
fault:
	return false;
}

/* A control or debug register: cr0_read(), cr0_write() and so on. */
#define DEFINE_REGISTER(name)                                                  \
	static inline u64 name##_read(void)                                    \
	{                                                                      \
		u64 value;                                                     \
                                                                               \
		asm volatile("mov %%" #name ", %0"                             \
			     : "=r"(value)                                     \
			     :                                                 \
			     : "memory");                                      \
		return value;                                                  \
	}                                                                      \
                                                                               \
	static inline void name##_write(u64 value)                             \
	{                                                                      \
		asm volatile("mov %0, %%" #name : : "r"(value) : "memory");    \
	}

DEFINE_REGISTER(cr0)
DEFINE_REGISTER(cr2)
DEFINE_REGISTER(cr3)
DEFINE_REGISTER(cr4)
DEFINE_REGISTER(dr0)
DEFINE_REGISTER(dr1)
DEFINE_REGISTER(dr2)
DEFINE_REGISTER(dr3)
DEFINE_REGISTER(dr6)
DEFINE_REGISTER(dr7)

#define DEFINE_IO(type, suffix)                                                \
	static inline type in##suffix(u16 port)                                \
	{                                                                      \
		type value;                                                    \
                                                                               \
		asm volatile("in" #suffix " %1, %0"                            \
			     : "=a"(value)                                     \
			     : "Nd"(port)                                      \
			     : "memory");                                      \
		return value;                                                  \
	}                                                                      \
                                                                               \
	static inline void out##suffix(u16 port, type value)                   \
	{                                                                      \
		asm volatile("out" #suffix " %0, %1"                           \
			     :                                                 \
			     : "a"(value), "Nd"(port)                          \
			     : "memory");                                      \
	}

DEFINE_IO(u8, b)
DEFINE_IO(u16, w)
DEFINE_IO(u32, l)

/* Reads the time-stamp counter. The processor may read it some cycles early. */
static inline u64 rdtsc_early(void)
{
	u32 low, high;

	asm volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (u64)high << 32 | low;
}

/* The same, after all earlier loads are done. */
static inline u64 rdtsc(void)
{
	asm volatile("lfence" : : : "memory");
	return rdtsc_early();
}

static inline u64 rflags_read(void)
{
	u64 value;

	asm volatile("pushfq; pop %0" : "=r"(value) : : "memory");
	return value;
}

static inline void invlpg(const void *address)
{
	asm volatile("invlpg (%0)" : : "r"(address) : "memory");
}

static inline void wbinvd(void)
{
	asm volatile("wbinvd" : : : "memory");
}

static inline void pause(void)
{
	asm volatile("pause");
}

static inline void interrupts_disable(void)
{
	asm volatile("cli" : : : "memory");
}

/*
 * Only these two functions enable interrupts. STI takes effect one instruction
 * late, so no interrupt is lost between it and HLT.
 */
static inline void cpu_wait_for_interrupt(void)
{
	asm volatile("sti; hlt; cli" : : : "memory");
}

static inline void cpu_take_interrupts(void)
{
	asm volatile("sti; nop; cli" : : : "memory");
}

/* Stops for good; after an NMI or SMI it halts again. */
static inline void __noreturn cpu_halt(void)
{
	for (;;)
		asm volatile("cli; hlt" : : : "memory");
}

/* Writes XCR0. Returns false on #UD (CR4.OSXSAVE is 0) or #GP (a bad value). */
static inline bool xcr0_write_safe(u64 value)
{
	asm goto("1: xsetbv\n" EX_TABLE("1b", "%l[fault]")
		 :
		 : "c"(0), "a"((u32)value), "d"((u32)(value >> 32))
		 : "memory"
		 : fault);
	return true;
fault:
	return false;
}

/* Reads XCR0; CR4.OSXSAVE must be 1. */
static inline u64 xcr0_read(void)
{
	u32 low, high;

	asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (u64)high << 32 | low;
}

static inline void lgdt(const struct table_register *r)
{
	asm volatile("lgdt %0" : : "m"(*r));
}

static inline void lidt(const struct table_register *r)
{
	asm volatile("lidt %0" : : "m"(*r));
}

static inline void ltr(u16 selector)
{
	asm volatile("ltr %0" : : "r"(selector) : "memory");
}

static inline struct table_register sgdt(void)
{
	struct table_register r;

	asm volatile("sgdt %0" : "=m"(r));
	return r;
}

static inline struct table_register sidt(void)
{
	struct table_register r;

	asm volatile("sidt %0" : "=m"(r));
	return r;
}

/*
 * Gives the control registers the values that Umbra runs with. From then on #MC
 * is an exception and not a shutdown.
 */
void cpu_init(void);

/* Returns true if page-table entries have an NX bit. */
bool cpu_has_nx(void);

#define CPU_BRAND_SIZE 49

/* Stores the processor's name, with a NUL; "unknown" if it has none. */
void cpu_brand(char brand[CPU_BRAND_SIZE]);

#endif
