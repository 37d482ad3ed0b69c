/* SPDX-License-Identifier: MIT */
#include "arch/x86/cpuid.h"
#include "vmx/cr_rules.h"

/* A register of struct cr_cpuid, and the bit in it. */
struct feature {
	u64 enables; /* bits of CR4 or EFER */
	size_t in; /* the offset of the register */
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
		/* No bit of CPUID stands for PCE: all have it. */
		.cr4 = CR4_PCE | enabled_by(cpuid, cr4_features,
					    ARRAY_SIZE(cr4_features)),
		.efer = enabled_by(cpuid, efer_features,
				   ARRAY_SIZE(efer_features)),
		.xcr0 = (u64)cpuid->xstate.edx << 32 | cpuid->xstate.eax,
		.maxphyaddr = cpuid->address_size.eax & 0xff,
	};
}

bool cr0_load_valid(const struct cr_state *state, u64 value)
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

bool cr3_load_valid(const struct cr_state *state, u64 value, u8 maxphyaddr)
{
	/* Outside long mode the upper half can't even be given. */
	if (!(state->efer & EFER_LMA))
		return true;
	return !(value >> maxphyaddr);
}

bool cr4_load_valid(const struct cr_state *state, u64 value,
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

bool xcr0_load_valid(u64 value, const struct cr_features *features)
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
