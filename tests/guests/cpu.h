/* SPDX-License-Identifier: MIT */
/* The privileged instructions of the test guests, of 32 and of 64 bits. */
#ifndef TESTS_GUESTS_CPU_H
#define TESTS_GUESTS_CPU_H

#include "guest/builtin/cpu.h"

#define MSR_EFER 0xc0000080

static inline u64 read_efer(void)
{
	u32 low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(MSR_EFER));
	return (u64)high << 32 | low;
}

static inline void write_efer(u64 value)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(MSR_EFER), "a"((u32)value),
			   "d"((u32)(value >> 32))
			 : "memory");
}

#endif
