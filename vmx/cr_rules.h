/* SPDX-License-Identifier: MIT */
/*
 * The values that the control registers and EFER take: SDM vol. 3A, 2.5 and
 * 4.1; vol. 2B, "MOV - Move to/from Control Registers". Pure.
 */
#ifndef VMX_CR_RULES_H
#define VMX_CR_RULES_H

#include "arch/x86/regs.h"
#include "guest/cpuid.h"
#include "lib/types.h"

/* The guest's registers that the rules look at. */
struct cr_state {
	u64 cr0;
	u64 cr3;
	u64 cr4;
	u64 efer;
	bool cs_long; /* CS.L */
};

/* The features of the guest's processor. */
struct cr_features {
	u64 cr4; /* bits that may be set */
	u64 efer; /* likewise, without LMA */
	u64 xcr0; /* likewise */
	u8 maxphyaddr;
};

/* The leaves of the guest's CPUID that show features, by CPUID's own names. */
struct cr_cpuid {
	struct cpuid_regs features; /* 1 */
	struct cpuid_regs features_7; /* 7, subleaf 0 */
	struct cpuid_regs xstate; /* 0Dh, subleaf 0 */
	struct cpuid_regs ext_features; /* 80000001h */
	struct cpuid_regs address_size; /* 80000008h */
};

/* A feature can be enabled if CPUID shows it. */
struct cr_features cr_features_by_cpuid(const struct cr_cpuid *cpuid);

/* Returns true if the guest may load @value; if not, the load raises #GP(0). */
bool efer_load_valid(const struct cr_state *state, u64 value,
		     const struct cr_features *features);

/* XCR0, SDM vol. 1, 13.3. */
#define XCR0_X87 BIT(0)
#define XCR0_SSE BIT(1)
#define XCR0_AVX BIT(2)
/*
 * Returns true if XSETBV at @cpl, with @index in ECX, raises no #GP(0). It
 * exits before it checks any of them.
 */
bool xsetbv_valid(unsigned int cpl, u32 index, u64 value,
		  const struct cr_features *features);

/* EFER after CR0 is loaded with @cr0: LMA follows PG and LME. */
u64 efer_after_cr0(u64 efer, u64 cr0);

/* EFER after WRMSR of a valid @value: only the processor sets LMA. */
u64 efer_after_write(u64 efer, u64 value);

/* CR0 as LMSW with the operand @source loads it (SDM vol. 2A, LMSW). */
u64 cr0_after_lmsw(u64 cr0, u16 source);

/* Returns true if a load of CR3 with @value raises no #GP(0) in long mode. */
static inline bool cr3_valid_in_long_mode(u64 value, u8 maxphyaddr)
{
	return !(value >> maxphyaddr);
}

/* The effect of a load of a control register. */
enum cr_load {
	CR_LOADED,
	CR_LOADED_WITH_PDPTES, /* unless the new PDPTEs are reserved: then #GP */
	CR_FAULT, /* #GP(0) */
	CR_REAL_MODE, /* valid, but Umbra can't follow */
	CR_NO_EXIT /* a register whose load does not exit */
};

/*
 * Loads CR0, CR3 or CR4 (@number is 0, 3 or 4) with @value. *@state becomes the
 * state after the load, EFER included, unless the result is CR_FAULT or
 * CR_NO_EXIT.
 */
enum cr_load cr_load(struct cr_state *state, unsigned int number, u64 value,
		     const struct cr_features *features);

/* CR8 holds bits 7:4 of the local APIC's TPR (SDM vol. 3A, 10.8.6.1). */
#define CR8_TPR BITS(3, 0)

/* --- Between the guest's registers and the processor's ---------------------- */

/*
 * Bits of CR0 on which nothing in Umbra depends. The guest changes them without
 * an exit; kernels set and clear TS often.
 */
#define CR0_GUEST_OWNED (CR0_MP | CR0_EM | CR0_TS | CR0_AM)

/* Returns the guest's CR0 by Umbra's copy (@loaded) and the VMCS's field. */
static inline u64 cr0_as_read(u64 loaded, u64 vmcs)
{
	return (loaded & ~CR0_GUEST_OWNED) | (vmcs & CR0_GUEST_OWNED);
}

/*
 * The same for CR4, where the guest owns PGE at times (struct mmu_filter). PGE
 * in the VMCS is always the guest's, owned or not: see cr4_at_entry().
 */
static inline u64 cr4_as_read(u64 loaded, u64 vmcs)
{
	return (loaded & ~CR4_PGE) | (vmcs & CR4_PGE);
}

/*
 * Returns CR4.PKS if TRAP in a PTE needs a protection key, and the processor
 * has keys for supervisor pages; else 0 (mmu/spte.h).
 */
u64 cr4_for_trap(u8 maxphyaddr, u32 features_7_ecx, u64 cr4_fixed1);

/* The values with which the processor runs the guest, with Umbra's own bits. */
u64 cr0_at_entry(u64 cr0);
u64 cr4_at_entry(u64 cr0, u64 cr4);
u64 efer_at_entry(u64 cr0, u64 cr4, u64 efer);

#endif
