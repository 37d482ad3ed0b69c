/* SPDX-License-Identifier: MIT */
/*
 * The VMX instructions (SDM vol. 3C, chapter 30), one inline function each. A
 * failure of VMREAD or VMWRITE is a mistake of Umbra's own: it panics.
 */
#ifndef VMX_VMCS_H
#define VMX_VMCS_H

#include "arch/x86/regs.h"
#include "lib/types.h"
#include "vmx/vmcs_fields.h"

/* Panics, naming the field and the VM-instruction error. */
void vmcs_access_failed(const char *instruction, enum vmcs_field field)
	__attribute__((noreturn, cold));

/*
 * Number of VMREADs and VMWRITEs since the last entry, for the statistics: each
 * takes one tick on Bochs, some 50 on a processor, and many are exits below
 * another hypervisor. The count is the processor's, as the current VMCS is, so
 * it is no part of struct vm. Counting costs one instruction each.
 */
struct vmcs_traffic {
	u64 reads;
	u64 writes;
};
extern struct vmcs_traffic vmcs_traffic;

static inline void vmcs_count_reads(u32 count)
{
	vmcs_traffic.reads += count;
}

/* For several reads in a row: the caller counts them by vmcs_count_reads(). */
static inline u64 vmread_uncounted(enum vmcs_field field)
{
	bool failed;
	u64 value;

	asm volatile("vmread %2, %0"
		     : "=rm"(value), "=@ccbe"(failed)
		     : "r"((u64)field)
		     : "memory");
	if (__builtin_expect(failed, 0))
		vmcs_access_failed("VMREAD", field);
	return value;
}

static inline u64 vmread(enum vmcs_field field)
{
	vmcs_count_reads(1);
	return vmread_uncounted(field);
}

/* Returns false if this processor has no such field. */
static inline bool vmread_safe(enum vmcs_field field, u64 *value)
{
	bool failed;

	vmcs_traffic.reads++;
	asm volatile("vmread %2, %0"
		     : "=r"(*value), "=@ccbe"(failed)
		     : "r"((u64)field)
		     : "memory");
	return !failed;
}

/* Returns false if this processor has no such field, or can't write it. */
static inline bool vmwrite_safe(enum vmcs_field field, u64 value)
{
	bool failed;

	vmcs_traffic.writes++;
	asm volatile("vmwrite %1, %2"
		     : "=@ccbe"(failed)
		     : "rm"(value), "r"((u64)field)
		     : "memory");
	return !failed;
}

static inline void vmwrite(enum vmcs_field field, u64 value)
{
	if (__builtin_expect(!vmwrite_safe(field, value), 0))
		vmcs_access_failed("VMWRITE", field);
}

/* Each takes the address of a region in memory; returns false after VMfail. */
#define DEFINE_VMX(name)                                                       \
	static inline bool name(hpa_t address)                                 \
	{                                                                      \
		bool failed;                                                   \
                                                                               \
		asm volatile(#name " %1"                                       \
			     : "=@ccbe"(failed)                                \
			     : "m"(address)                                    \
			     : "memory");                                      \
		return !failed;                                                \
	}

DEFINE_VMX(vmxon)
DEFINE_VMX(vmclear)
DEFINE_VMX(vmptrld)

/* INVVPID of @type, an enum invvpid_type. Returns false after VMfail. */
static inline bool invvpid(u64 type, u16 vpid, u64 address)
{
	const u64 descriptor[2] = { vpid, address };
	bool failed;

	asm volatile("invvpid %1, %2"
		     : "=@ccbe"(failed)
		     : "m"(descriptor), "r"(type)
		     : "memory");
	return !failed;
}

/*
 * The bare entry. Returns true after a VM exit, false if VMLAUNCH or VMRESUME
 * itself failed: VM_INSTRUCTION_ERROR tells the reason. *@host_rsp is the value
 * of HOST_RSP in the VMCS, 0 before the first entry; this keeps it true.
 *
 * vmx_enter_guest (entry.asm) keeps RBP, R14 and R15. The run loop needs no
 * more, so it need not save and load all that a function of C keeps.
 */
static __forceinline bool vmx_enter(struct cpu_regs *regs, bool launched,
				    u64 *host_rsp)
{
	bool exited;

	asm volatile("call vmx_enter_guest"
		     : "=a"(exited), "+D"(regs), "+S"(launched), "+d"(host_rsp)
		     :
		     : "rbx", "rcx", "r8", "r9", "r10", "r11", "r12", "r13",
		       "cc", "memory");
	return exited;
}

static inline void vmxoff(void)
{
	asm volatile("vmxoff" : : : "cc", "memory");
}

#endif
