/* SPDX-License-Identifier: MIT */
/*
 * Instructions for guests of 32 and of 64 bits: for the built-in guest, and for
 * the test guests, which have more of them in tests/guests/cpu.h.
 */
#ifndef GUEST_BUILTIN_CPU_H
#define GUEST_BUILTIN_CPU_H

#include "lib/types.h"

/* As wide as the processor's registers. */
typedef unsigned long reg_t;

struct cpuid_result {
	u32 eax, ebx, ecx, edx;
};

static inline struct cpuid_result cpuid(u32 leaf)
{
	struct cpuid_result r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(0));
	return r;
}

static inline void port_write(u16 port, u8 value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline u8 port_read(u16 port)
{
	u8 value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

/* read_crN() and write_crN(). */
#define DEFINE_CR(n)                                                           \
	static inline reg_t read_cr##n(void)                                   \
	{                                                                      \
		reg_t value;                                                   \
                                                                               \
		__asm__ volatile("mov %%cr" #n ", %0" : "=r"(value));          \
		return value;                                                  \
	}                                                                      \
                                                                               \
	static inline void write_cr##n(reg_t value)                            \
	{                                                                      \
		__asm__ volatile("mov %0, %%cr" #n : : "r"(value) : "memory"); \
	}

DEFINE_CR(0)
DEFINE_CR(2)
DEFINE_CR(3)
DEFINE_CR(4)

#endif
