/* SPDX-License-Identifier: MIT */
/*
 * A processor for the files of vmx/ that talk to one: a test includes this
 * header and then those files. The VMCS is an array, and so are the registers
 * that the instructions of arch/x86/cpu.h move.
 */
#ifndef TESTS_UNIT_FAKE_PROCESSOR_H
#define TESTS_UNIT_FAKE_PROCESSOR_H

/* In the place of these two headers. */
#define VMX_VMCS_H
#define ARCH_X86_CPU_H

#include <string.h>

#include "lib/types.h"
#include "vmx/vmcs_fields.h"

struct vmcs_traffic {
	u64 reads;
	u64 writes;
};

struct cpuid_result {
	u32 eax, ebx, ecx, edx;
};

/* An encoding of a field is less than this (SDM vol. 3C, 24.11.2). */
#define FAKE_FIELDS 0x8000

static struct {
	u64 vmcs[FAKE_FIELDS];
	struct vmcs_traffic traffic;
	u64 cr2, dr[8], xcr0, tsc;
	u32 invvpids, nmis_taken;
	u32 msr; /* the only one that can be read or written */
	u64 msr_value;
} fake;

static inline u64 vmread(enum vmcs_field field)
{
	fake.traffic.reads++;
	return fake.vmcs[field];
}

static inline void vmwrite(enum vmcs_field field, u64 value)
{
	fake.traffic.writes++;
	fake.vmcs[field] = value;
}

static inline bool invvpid(u64 type, u16 vpid, u64 address)
{
	fake.invvpids++;
	return true;
}

#define FAKE_DR(n)                                                             \
	static inline u64 dr##n##_read(void)                                   \
	{                                                                      \
		return fake.dr[n];                                             \
	}

FAKE_DR(0)
FAKE_DR(1)
FAKE_DR(2)
FAKE_DR(3)
FAKE_DR(6)

static inline void dr6_write(u64 value)
{
	fake.dr[6] = value;
}

static inline void cr2_write(u64 value)
{
	fake.cr2 = value;
}

static inline u64 rdtsc(void)
{
	return fake.tsc;
}

static inline bool msr_read_safe(u32 msr, u64 *value)
{
	*value = fake.msr_value;
	return msr == fake.msr;
}

static inline bool msr_write_safe(u32 msr, u64 value)
{
	if (msr != fake.msr)
		return false;
	fake.msr_value = value;
	return true;
}

static inline bool xcr0_write_safe(u64 value)
{
	fake.xcr0 = value;
	return true;
}

static inline u64 xcr0_read(void)
{
	return fake.xcr0;
}

static inline void wbinvd(void)
{
}

static inline void cpu_take_interrupts(void)
{
}

static inline void cpu_wait_for_interrupt(void)
{
}

#endif
