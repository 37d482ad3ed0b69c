/* SPDX-License-Identifier: MIT */
/*
 * A processor for the files of vmx/ that talk to one: a test includes this
 * header and then those files. The VMCS is an array, and so are the registers
 * that the instructions of arch/x86/cpu.h move.
 */
#ifndef TESTS_UNIT_FAKE_PROCESSOR_H
#define TESTS_UNIT_FAKE_PROCESSOR_H

/* This header replaces these two. */
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
	u64 reads; /* the real number of VMREADs */
	u32 unshadowed; /* of the traffic, that of fields not in the list below */
	u64 cr0, cr2, cr3, cr4, dr[8], xcr0, tsc;
	u32 invvpids;
	struct {
		u64 type, vpid, address;
	} invvpid; /* the last one's operands */
	u32 msr; /* the only one that can be read or written */
	u64 msr_value;
	/* If not NULL, these answer instead; they return false for a #GP. */
	bool (*read_msr)(u32 msr, u64 *value);
	bool (*write_msr)(u32 msr, u64 value);
} fake;

/*
 * Returns true if KVM, below Umbra, puts the field into a shadow VMCS, so that
 * it causes no exit to KVM (Linux 4.17 and later).
 */
static inline bool fake_is_shadowed(enum vmcs_field field)
{
	switch (field) {
	case VMCS_EXIT_REASON:
	case VMCS_EXIT_QUALIFICATION:
	case VMCS_VM_EXIT_INTERRUPTION_INFORMATION:
	case VMCS_VM_EXIT_INTERRUPTION_ERROR_CODE:
	case VMCS_VM_EXIT_INSTRUCTION_LENGTH:
	case VMCS_IDT_VECTORING_INFORMATION:
	case VMCS_IDT_VECTORING_ERROR_CODE:
	case VMCS_GUEST_CS_ACCESS_RIGHTS:
	case VMCS_GUEST_SS_ACCESS_RIGHTS:
	case VMCS_PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS:
	case VMCS_EXCEPTION_BITMAP:
	case VMCS_VM_ENTRY_INTERRUPTION_INFORMATION:
	case VMCS_VM_ENTRY_EXCEPTION_ERROR_CODE:
	case VMCS_VM_ENTRY_INSTRUCTION_LENGTH:
	case VMCS_GUEST_INTERRUPTIBILITY_STATE:
	case VMCS_GUEST_RIP:
	case VMCS_GUEST_RSP:
	case VMCS_GUEST_RFLAGS:
	case VMCS_GUEST_CR0:
	case VMCS_GUEST_CR3:
	case VMCS_GUEST_CR4:
	case VMCS_CR0_GUEST_HOST_MASK:
	case VMCS_CR0_READ_SHADOW:
	case VMCS_CR4_READ_SHADOW:
		return true;
	default:
		return false;
	}
}

static inline void vmcs_count_reads(u32 count)
{
	fake.traffic.reads += count;
}

static inline u64 vmread_uncounted(enum vmcs_field field)
{
	fake.unshadowed += !fake_is_shadowed(field);
	fake.reads++;
	return fake.vmcs[field];
}

static inline u64 vmread(enum vmcs_field field)
{
	vmcs_count_reads(1);
	return vmread_uncounted(field);
}

static inline bool vmread_safe(enum vmcs_field field, u64 *value)
{
	*value = vmread(field);
	return true;
}

static inline void vmwrite(enum vmcs_field field, u64 value)
{
	fake.unshadowed += !fake_is_shadowed(field);
	fake.traffic.writes++;
	fake.vmcs[field] = value;
}

static inline bool invvpid(u64 type, u16 vpid, u64 address)
{
	fake.invvpids++;
	fake.invvpid.type = type;
	fake.invvpid.vpid = vpid;
	fake.invvpid.address = address;
	return true;
}

#define FAKE_REGISTER(name, place)                                             \
	static inline u64 name##_read(void)                                    \
	{                                                                      \
		return fake.place;                                             \
	}                                                                      \
                                                                               \
	static inline void name##_write(u64 value)                             \
	{                                                                      \
		fake.place = value;                                            \
	}

FAKE_REGISTER(dr0, dr[0])
FAKE_REGISTER(dr1, dr[1])
FAKE_REGISTER(dr2, dr[2])
FAKE_REGISTER(dr3, dr[3])
FAKE_REGISTER(dr6, dr[6])
FAKE_REGISTER(cr0, cr0)
FAKE_REGISTER(cr2, cr2)
FAKE_REGISTER(cr3, cr3)
FAKE_REGISTER(cr4, cr4)

static inline u64 rdtsc_early(void)
{
	return fake.tsc;
}

static inline u64 rdtsc(void)
{
	return fake.tsc;
}

static inline bool msr_read_safe(u32 msr, u64 *value)
{
	if (fake.read_msr)
		return fake.read_msr(msr, value);
	*value = fake.msr_value;
	return msr == fake.msr;
}

static inline bool msr_write_safe(u32 msr, u64 value)
{
	if (fake.write_msr)
		return fake.write_msr(msr, value);
	if (msr != fake.msr)
		return false;
	fake.msr_value = value;
	return true;
}

/* Returns 0, not #GP, for an MSR that it does not have. */
static inline u64 rdmsr(u32 msr)
{
	u64 value;

	return msr_read_safe(msr, &value) ? value : 0;
}

static inline void wrmsr(u32 msr, u64 value)
{
	msr_write_safe(msr, value);
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
