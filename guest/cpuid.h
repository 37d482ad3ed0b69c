/* SPDX-License-Identifier: MIT */
/*
 * The answers of CPUID to a guest: a list of the features that are let through.
 * A feature is in the list only if the guest can use all of it, with the VMX
 * controls that Umbra sets. For the guest no other feature exists, though the
 * processor may have it.
 */
#ifndef GUEST_CPUID_H
#define GUEST_CPUID_H

#include "arch/x86/regs.h"
#include "lib/types.h"

struct cpuid_regs {
	u32 eax;
	u32 ebx;
	u32 ecx;
	u32 edx;
};

/* Writes the answer to the general registers; clears their upper halves. */
static inline void cpuid_write_gprs(struct cpu_regs *regs,
				    const struct cpuid_regs *answer)
{
	regs->gpr[RAX] = answer->eax;
	regs->gpr[RBX] = answer->ebx;
	regs->gpr[RCX] = answer->ecx;
	regs->gpr[RDX] = answer->edx;
}

/* The facts that the policy needs: VMX controls and the guest's state. */
struct cpuid_policy_input {
	bool smep;
	bool smap;
	bool xsave; /* XSETBV is emulated; XCR0 is the guest's */
	bool rdtscp; /* "enable RDTSCP" is 1, so RDPID works as well */
	bool invariant_tsc;
	bool apic; /* the local APIC is enabled in IA32_APIC_BASE */
	u64 tsc_hz; /* the TSC's rate, for leaf 15h */
	u64 cr4; /* the guest's: OSXSAVE is mirrored in leaf 1 */
	u64 misc_enable; /* likewise: it can hide leaves, and NX */
};

/* The state components that a guest may enable: x87, SSE, AVX. */
#define GUEST_XCR0_ALLOWED BITS(2, 0)

/* Appears as the vendor in leaf 40000000h; 12 bytes. */
#define CPUID_SIGNATURE "UmbraUmbraUm"

/*
 * Returns the leaf whose answer the guest gets. For a leaf beyond the last one,
 * basic or extended, this is the last basic leaf (SDM vol. 2A, CPUID).
 */
u32 cpuid_answering_leaf(u32 leaf, u64 misc_enable);

/*
 * Makes the guest's answer in *@out. @host is the processor's answer for the
 * same leaf and subleaf. For a basic leaf beyond the processor's last one it
 * must be zeroes, since the processor answers with the last one's (SDM vol. 2A,
 * CPUID).
 */
void cpuid_policy(u32 leaf, u32 subleaf, const struct cpuid_regs *host,
		  const struct cpuid_policy_input *input,
		  struct cpuid_regs *out);

#endif
