/* SPDX-License-Identifier: MIT */
#include "arch/x86/cpuid.h"
#include "mmu/paging.h"
#include "vmx/cr_rules.h"

/* A bit of CPUID, and the bits of CR4 or EFER that it allows. */
struct feature {
	u64 enables; /* bits of CR4 or EFER */
	size_t in; /* offset of CPUID's register in struct cr_cpuid */
	u32 bit;
};

#define FEATURE(enables, leaf, reg, bit)                                       \
	{                                                                      \
		(enables), offsetof(struct cr_cpuid, leaf.reg), (bit)          \
	}

/* SDM vol. 3A, 2.5. */
static const struct feature cr4_features[] = {
	FEATURE(CR4_VME | CR4_PVI, features, edx, CPUID_1_EDX_VME),
	FEATURE(CR4_TSD, features, edx, CPUID_1_EDX_TSC),
	FEATURE(CR4_DE, features, edx, CPUID_1_EDX_DE),
	FEATURE(CR4_PSE, features, edx, CPUID_1_EDX_PSE),
	FEATURE(CR4_PAE, features, edx, CPUID_1_EDX_PAE),
	FEATURE(CR4_MCE, features, edx, CPUID_1_EDX_MCE),
	FEATURE(CR4_PGE, features, edx, CPUID_1_EDX_PGE),
	FEATURE(CR4_OSFXSR, features, edx, CPUID_1_EDX_FXSR),
	FEATURE(CR4_OSXMMEXCPT, features, edx, CPUID_1_EDX_SSE),
	FEATURE(CR4_OSXSAVE, features, ecx, CPUID_1_ECX_XSAVE),
	FEATURE(CR4_UMIP, features_7, ecx, CPUID_7_ECX_UMIP),
	FEATURE(CR4_FSGSBASE, features_7, ebx, CPUID_7_EBX_FSGSBASE),
	FEATURE(CR4_SMEP, features_7, ebx, CPUID_7_EBX_SMEP),
	FEATURE(CR4_SMAP, features_7, ebx, CPUID_7_EBX_SMAP),
};

/* SDM vol. 3A, 2.2.1. */
static const struct feature efer_features[] = {
	FEATURE(EFER_SCE, ext_features, edx, CPUID_EXT_EDX_SYSCALL),
	FEATURE(EFER_LME, ext_features, edx, CPUID_EXT_EDX_LM),
	FEATURE(EFER_NXE, ext_features, edx, CPUID_EXT_EDX_NX),
};

static u64 enabled_by(const struct cr_cpuid *cpuid,
		      const struct feature *features, size_t count)
{
	u64 bits = 0;

	for (size_t i = 0; i < count; i++) {
		const u32 *reg =
			(const u32 *)((const u8 *)cpuid + features[i].in);

		if (*reg & features[i].bit)
			bits |= features[i].enables;
	}
	return bits;
}

struct cr_features cr_features_by_cpuid(const struct cr_cpuid *cpuid)
{
	return (struct cr_features){
		/* CPUID has no bit for PCE: every processor has it. */
		.cr4 = CR4_PCE | enabled_by(cpuid, cr4_features,
					    ARRAY_SIZE(cr4_features)),
		.efer = enabled_by(cpuid, efer_features,
				   ARRAY_SIZE(efer_features)),
		.xcr0 = (u64)cpuid->xstate.edx << 32 | cpuid->xstate.eax,
		.maxphyaddr = cpuid->address_size.eax & 0xff,
	};
}

static bool cr0_load_valid(const struct cr_state *state, u64 value)
{
	bool turns_on = (value & CR0_PG) && !(state->cr0 & CR0_PG);
	bool turns_off = !(value & CR0_PG) && (state->cr0 & CR0_PG);

	if (value >> 32)
		return false;
	if ((value & CR0_PG) && !(value & CR0_PE))
		return false;
	if ((value & CR0_NW) && !(value & CR0_CD))
		return false;
	if (turns_on && (state->efer & EFER_LME) &&
	    (!(state->cr4 & CR4_PAE) || state->cs_long))
		return false;
	return !(turns_off && (state->efer & EFER_LMA) && state->cs_long);
}

static bool cr3_load_valid(const struct cr_state *state, u64 value,
			   u8 maxphyaddr)
{
	/* Outside long mode the operand of MOV to CR3 has 32 bits. */
	if (!(state->efer & EFER_LMA))
		return true;
	return cr3_valid_in_long_mode(value, maxphyaddr);
}

static bool cr4_load_valid(const struct cr_state *state, u64 value,
			   const struct cr_features *features)
{
	if (value & ~features->cr4)
		return false;
	return !(state->efer & EFER_LMA) || (value & CR4_PAE);
}

bool efer_load_valid(const struct cr_state *state, u64 value,
		     const struct cr_features *features)
{
	if (value & ~(features->efer | EFER_LMA))
		return false;
	/* LME can't change while paging is on. */
	return !(state->cr0 & CR0_PG) || !((value ^ state->efer) & EFER_LME);
}

static bool xcr0_load_valid(u64 value, const struct cr_features *features)
{
	return (value & XCR0_X87) && !(value & ~features->xcr0) &&
	       (!(value & XCR0_AVX) || (value & XCR0_SSE));
}

u64 efer_after_cr0(u64 efer, u64 cr0)
{
	if ((cr0 & CR0_PG) && (efer & EFER_LME))
		return efer | EFER_LMA;
	return efer & ~EFER_LMA;
}

bool xsetbv_valid(unsigned int cpl, u32 index, u64 value,
		  const struct cr_features *features)
{
	return cpl == 0 && index == 0 && xcr0_load_valid(value, features);
}

u64 efer_after_write(u64 efer, u64 value)
{
	return (value & ~EFER_LMA) | (efer & EFER_LMA);
}

u64 cr0_after_lmsw(u64 cr0, u16 source)
{
	/* LMSW can set PE but not clear it. */
	const u64 cleared = CR0_MP | CR0_EM | CR0_TS;

	return (cr0 & ~cleared) | (source & (cleared | CR0_PE));
}

/* Changes of these reload the PDPTEs (SDM vol. 3A, 4.4.1). */
#define CR0_RELOADS_PDPTES (CR0_PG | CR0_CD | CR0_NW)
#define CR4_RELOADS_PDPTES (CR4_PAE | CR4_PGE | CR4_PSE | CR4_SMEP)

enum cr_load cr_load(struct cr_state *state, unsigned int number, u64 value,
		     const struct cr_features *features)
{
	const struct cr_state old = *state;

	switch (number) {
	case 0:
		if (!cr0_load_valid(&old, value))
			return CR_FAULT;
		/* ET is fixed; undefined bits are ignored (vol. 3A, 2.5). */
		state->cr0 = (value & CR0_DEFINED) | CR0_ET;
		state->efer = efer_after_cr0(old.efer, value);
		if (!(value & CR0_PE))
			return CR_REAL_MODE;
		break;
	case 3:
		if (!cr3_load_valid(&old, value, features->maxphyaddr))
			return CR_FAULT;
		state->cr3 = value;
		break;
	case 4:
		if (!cr4_load_valid(&old, value, features))
			return CR_FAULT;
		state->cr4 = value;
		break;
	default:
		return CR_NO_EXIT;
	}
	if (paging_mode(state->cr0, state->cr4, state->efer) == PAGING_PAE &&
	    (number == 3 || ((old.cr0 ^ state->cr0) & CR0_RELOADS_PDPTES) ||
	     ((old.cr4 ^ state->cr4) & CR4_RELOADS_PDPTES)))
		return CR_LOADED_WITH_PDPTES;
	return CR_LOADED;
}

/* --- Between the guest's registers and the processor's ---------------------- */

/*
 * The processor runs a guest without paging with paging: VMX without
 * unrestricted guest demands PE and PG (SDM vol. 3D, A.7), and the shadow of an
 * unpaged address space is a PAE table. WP is always 1, since the write
 * protection of guest tables must hold for the supervisor above all. Only Umbra
 * may disable the caches; VM entries ignore CD and NW anyway.
 */
u64 cr0_at_entry(u64 cr0)
{
	return (cr0 & ~(CR0_CD | CR0_NW)) | CR0_PE | CR0_PG | CR0_NE | CR0_WP;
}

/*
 * SMEP and SMAP restrict the use of user pages. A guest without paging has no
 * such pages, but its shadow's pages are user pages. With MCE=0 a machine check
 * would shut the processor down.
 */
u64 cr4_at_entry(u64 cr0, u64 cr4)
{
	if (!(cr0 & CR0_PG))
		cr4 &= ~(CR4_SMEP | CR4_SMAP);
	return cr4 | CR4_PAE | CR4_MCE | CR4_VMXE;
}

u64 cr4_for_trap(u8 maxphyaddr, u32 features_7_ecx, u64 cr4_fixed1)
{
	if (maxphyaddr < MAXPHYADDR_MAX || !(features_7_ecx & CPUID_7_ECX_PKS))
		return 0;
	return CR4_PKS & cr4_fixed1;
}

/*
 * In PAE and 4-level paging the processor's NXE is the guest's (invariant 8).
 * 32-bit paging ignores NXE, but its shadow, a PAE table, would not. While
 * CR0.PG is set, as it always is for VMX, LME must equal LMA (SDM vol. 3C,
 * 26.3.1.1).
 */
u64 efer_at_entry(u64 cr0, u64 cr4, u64 efer)
{
	u64 value = efer & EFER_SCE;

	if ((cr0 & CR0_PG) && (cr4 & CR4_PAE))
		value |= efer & EFER_NXE;
	if (efer & EFER_LMA)
		value |= EFER_LME | EFER_LMA;
	return value;
}
