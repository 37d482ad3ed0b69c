/* SPDX-License-Identifier: MIT */
/* The privileged instructions of the test guests, of 32 and of 64 bits. */
#ifndef TESTS_GUESTS_CPU_H
#define TESTS_GUESTS_CPU_H

#include "guest/builtin/cpu.h"

#define MSR_EFER 0xc0000080

static inline reg_t read_cr0(void)
{
	reg_t value;

	__asm__ volatile("mov %%cr0, %0" : "=r"(value));
	return value;
}

static inline void write_cr0(reg_t value)
{
	__asm__ volatile("mov %0, %%cr0" : : "r"(value) : "memory");
}

static inline void write_cr2(reg_t value)
{
	__asm__ volatile("mov %0, %%cr2" : : "r"(value));
}

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
