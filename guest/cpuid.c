/* SPDX-License-Identifier: MIT */
/* The CPUID policy: see cpuid.h. Source: SDM vol. 2A, CPUID. */
#include "guest/cpuid.h"

#include "arch/x86/cpuid.h"
#include "arch/x86/msr.h"
#include "arch/x86/regs.h"
#include "guest/devices/lapic.h"
#include "lib/string.h"

#define ALL 0xffffffffU
#define ANY_SUBLEAF ALL

/* Bits that arch/x86 itself does not use. */
#define CPUID_1_EBX_BRAND BITS(7, 0)
#define CPUID_1_EBX_CLFLUSH_SIZE BITS(15, 8)
#define CPUID_1_EBX_ONE_PROCESSOR (1U << 16)
#define CPUID_4_EAX_CACHE BITS(13, 0) /* without the number of sharers */
#define CPUID_7_ECX_VAES BIT(9)
#define CPUID_7_ECX_VPCLMULQDQ BIT(10)
#define CPUID_7_EDX_MD_CLEAR BIT(10)
#define CPUID_6_EAX_ARAT BIT(2)
#define CPUID_8_EAX_WIDTHS BITS(15, 0)
#define CPUID_BRAND_1 0x80000003
#define CPUID_CACHE_L2 0x80000006
#define XSAVE_SIZE_SSE 576 /* legacy region and header, SDM vol. 1, 13.4 */
#define XSAVE_SIZE_AVX 832

/*
 * Leaf 1, ECX. Not here:
 *	DTES64, DS_CPL, PDCM: no debug store and no performance counters; their
 *		MSRs are the machine's
 *	MONITOR: MWAIT would stop the processor itself, Umbra's too
 *	VMX, SMX: no nesting
 *	EIST, TM2, XTPR, DCA: power and bus are the machine's
 *	SDBG: silicon debug MSR
 *	PCID: a shadow root has no PCID; each would need roots of its own
 *	OSXSAVE: the guest's CR4, below
 *
 * The APIC is Umbra's (guest/devices/lapic.h), so its features are set, not
 * passed.
 */
#define LEAF_1_ECX                                                             \
	(CPUID_1_ECX_SSE3 | CPUID_1_ECX_PCLMULQDQ | CPUID_1_ECX_SSSE3 |        \
	 CPUID_1_ECX_CX16 | CPUID_1_ECX_SSE4_1 | CPUID_1_ECX_SSE4_2 |          \
	 CPUID_1_ECX_MOVBE | CPUID_1_ECX_POPCNT | CPUID_1_ECX_AES |            \
	 CPUID_1_ECX_RDRAND | LEAF_1_ECX_XSAVE)
#define LEAF_1_ECX_SET                                                         \
	(CPUID_1_ECX_HYPERVISOR | CPUID_1_ECX_X2APIC | CPUID_1_ECX_TSC_DEADLINE)
#define LEAF_1_ECX_XSAVE                                                       \
	(CPUID_1_ECX_XSAVE | CPUID_1_ECX_AVX | CPUID_1_ECX_FMA |               \
	 CPUID_1_ECX_F16C)

/*
 * Leaf 1, EDX. Not here:
 *	MCE, MCA: machine checks are the machine's
 *	APIC: the guest's IA32_APIC_BASE, below
 *	PSN, DS, ACPI, TM, PBE: serial number, debug store, thermal control
 *	HTT: one logical processor
 */
#define LEAF_1_EDX                                                             \
	(CPUID_1_EDX_FPU | CPUID_1_EDX_VME | CPUID_1_EDX_DE |                  \
	 CPUID_1_EDX_PSE | CPUID_1_EDX_TSC | CPUID_1_EDX_MSR |                 \
	 CPUID_1_EDX_PAE | CPUID_1_EDX_CX8 | CPUID_1_EDX_SEP |                 \
	 CPUID_1_EDX_PGE | CPUID_1_EDX_CMOV | CPUID_1_EDX_PAT |                \
	 CPUID_1_EDX_PSE36 | CPUID_1_EDX_CLFSH | CPUID_1_EDX_MMX |             \
	 CPUID_1_EDX_FXSR | CPUID_1_EDX_SSE | CPUID_1_EDX_SSE2 |               \
	 CPUID_1_EDX_SS)

/*
 * Leaf 7, EBX. Not here:
 *	SGX, MPX, AVX512*: state that Umbra does not switch
 *	HLE, RTM: each exit aborts a transaction, and TSX leaks (TAA)
 *	INVPCID: no PCID
 */
#define LEAF_7_EBX                                                             \
	(CPUID_7_EBX_FSGSBASE | CPUID_7_EBX_BMI1 | CPUID_7_EBX_SMEP |          \
	 CPUID_7_EBX_BMI2 | CPUID_7_EBX_ERMS | CPUID_7_EBX_RDSEED |            \
	 CPUID_7_EBX_ADX | CPUID_7_EBX_SMAP | CPUID_7_EBX_CLFLUSHOPT |         \
	 CPUID_7_EBX_CLWB | CPUID_7_EBX_SHA | CPUID_7_EBX_AVX2)
/* Not here: PKU (keys are not shadowed), LA57 (no 5-level shadows). */
#define LEAF_7_ECX (CPUID_7_ECX_UMIP | CPUID_7_ECX_RDPID | LEAF_7_ECX_XSAVE)
#define LEAF_7_ECX_XSAVE (CPUID_7_ECX_VAES | CPUID_7_ECX_VPCLMULQDQ)
/*
 * Not here: IBRS, STIBP, SSBD, L1D_FLUSH, ARCH_CAPABILITIES, since their MSRs
 * are not the guest's (guest/msr.c); FSRM, a mere hint about speed.
 */
#define LEAF_7_EDX CPUID_7_EDX_MD_CLEAR

/* XSAVES would need IA32_XSS and an exiting bitmap. */
#define LEAF_D_1_EAX                                                           \
	(CPUID_D_1_EAX_XSAVEOPT | CPUID_D_1_EAX_XSAVEC | CPUID_D_1_EAX_XGETBV_1)

#define EXT_1_ECX                                                              \
	(CPUID_EXT_ECX_LAHF | CPUID_EXT_ECX_LZCNT | CPUID_EXT_ECX_PREFETCHW)
#define EXT_1_EDX                                                              \
	(CPUID_EXT_EDX_SYSCALL | CPUID_EXT_EDX_NX | CPUID_EXT_EDX_PAGE1GB |    \
	 CPUID_EXT_EDX_RDTSCP | CPUID_EXT_EDX_LM)

struct cpuid_rule {
	u32 leaf;
	u32 subleaf; /* or ANY_SUBLEAF */
	struct cpuid_regs pass; /* the processor's bits that are let through */
	struct cpuid_regs set; /* bits that are ones for every guest */
};

/*
 * Leaves that are not here read as zeros: 3 (serial number), 5 (MWAIT), 9
 * (DCA), Ah (counters), Bh (topology: leaf 1 suffices for one processor, whose
 * APIC ID is 0), and all between Dh and 15h.
 */
static const struct cpuid_rule rules[] = {
	{ CPUID_VENDOR, ANY_SUBLEAF, .pass = { ALL, ALL, ALL, ALL } },
	{ CPUID_FEATURES, ANY_SUBLEAF,
	  .pass = { ALL, CPUID_1_EBX_BRAND | CPUID_1_EBX_CLFLUSH_SIZE,
		    LEAF_1_ECX, LEAF_1_EDX },
	  .set = { .ebx = CPUID_1_EBX_ONE_PROCESSOR,
		   .ecx = LEAF_1_ECX_SET,
		   .edx = CPUID_1_EDX_MTRR } }, /* guest/msr.c keeps them */
	{ CPUID_CACHE_DESCRIPTORS, ANY_SUBLEAF,
	  .pass = { ALL, ALL, ALL, ALL } },
	{ CPUID_CACHE, ANY_SUBLEAF,
	  .pass = { CPUID_4_EAX_CACHE, ALL, ALL, ALL } },
	/* No power and no heat to manage, and the APIC's timer never stops. */
	{ CPUID_POWER, ANY_SUBLEAF, .set = { .eax = CPUID_6_EAX_ARAT } },
	{ CPUID_FEATURES_7, 0,
	  .pass = { 0, LEAF_7_EBX, LEAF_7_ECX, LEAF_7_EDX },
	  /* TSC offsetting makes it. Kernels with it need not watch the TSC. */
	  .set = { .ebx = CPUID_7_EBX_TSC_ADJUST } },
	/* adjust_xstate() sets ECX, the size of all that can be enabled. */
	{ CPUID_XSTATE, 0, .pass = { GUEST_XCR0_ALLOWED, ALL, ALL, 0 } },
	{ CPUID_XSTATE, 1, .pass = { LEAF_D_1_EAX, ALL, 0, 0 } },
	{ CPUID_XSTATE, 2, .pass = { ALL, ALL, ALL, 0 } }, /* AVX */
	{ CPUID_TSC, ANY_SUBLEAF, .pass = { 0, 0, 0, 0 } },
	{ CPUID_HYPERVISOR, ANY_SUBLEAF, .set = { .eax = CPUID_HYPERVISOR } },
	{ CPUID_EXT_MAX, ANY_SUBLEAF, .pass = { ALL, 0, 0, 0 } },
	{ CPUID_EXT_FEATURES, ANY_SUBLEAF,
	  .pass = { ALL, 0, EXT_1_ECX, EXT_1_EDX } },
	{ CPUID_BRAND_0, ANY_SUBLEAF, .pass = { ALL, ALL, ALL, ALL } },
	{ CPUID_BRAND_1, ANY_SUBLEAF, .pass = { ALL, ALL, ALL, ALL } },
	{ CPUID_BRAND_2, ANY_SUBLEAF, .pass = { ALL, ALL, ALL, ALL } },
	{ CPUID_CACHE_L2, ANY_SUBLEAF, .pass = { 0, 0, ALL, 0 } },
	{ CPUID_EXT_POWER, ANY_SUBLEAF,
	  .pass = { .edx = CPUID_EXT_POWER_EDX_INVARIANT_TSC } },
	{ CPUID_ADDRESS_SIZE, ANY_SUBLEAF,
	  .pass = { .eax = CPUID_8_EAX_WIDTHS } },
};

static const struct cpuid_rule *find(u32 leaf, u32 subleaf)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		const struct cpuid_rule *rule = &rules[i];

		if (rule->leaf == leaf &&
		    (rule->subleaf == ANY_SUBLEAF || rule->subleaf == subleaf))
			return rule;
	}
	return NULL;
}

static void adjust_features(struct cpuid_regs *out,
			    const struct cpuid_policy_input *input)
{
	if (input->apic)
		out->edx |= CPUID_1_EDX_APIC;
	if (!input->xsave)
		out->ecx &= ~LEAF_1_ECX_XSAVE;
	else if (input->cr4 & CR4_OSXSAVE)
		out->ecx |= CPUID_1_ECX_OSXSAVE;
}

static void adjust_features_7(struct cpuid_regs *out,
			      const struct cpuid_policy_input *input)
{
	if (!input->smep)
		out->ebx &= ~CPUID_7_EBX_SMEP;
	if (!input->smap)
		out->ebx &= ~CPUID_7_EBX_SMAP;
	if (!input->rdtscp)
		out->ecx &= ~CPUID_7_ECX_RDPID;
	if (!input->xsave) {
		out->ebx &= ~CPUID_7_EBX_AVX2;
		out->ecx &= ~LEAF_7_ECX_XSAVE;
	}
}

static void adjust_xstate(u32 subleaf, struct cpuid_regs *out,
			  const struct cpuid_policy_input *input)
{
	if (!input->xsave)
		memset(out, 0, sizeof(*out));
	else if (subleaf == 0)
		out->ecx = out->eax & BIT(2) ? XSAVE_SIZE_AVX : XSAVE_SIZE_SSE;
}

/*
 * Leaf 15h: TSC frequency = ECX * EBX / EAX. Umbra has measured it; a guest
 * that measured it would read a port in a loop, and each read is an exit. ECX,
 * the crystal's clock, is what the APIC's timer counts, too (SDM vol. 3A,
 * 10.5.4). The ratio is as fine as it can be: Linux multiplies ECX in kHz by
 * EBX in 32 bits.
 */
static void tell_clocks(struct cpuid_regs *out, u64 tsc_hz)
{
	const u64 khz = 1000, product = BITS(31, 0);

	out->eax = product / (tsc_hz / khz + 1);
	out->ebx = tsc_hz * out->eax / LAPIC_TIMER_HZ;
	out->ecx = LAPIC_TIMER_HZ;
}

static u32 last_basic_leaf(u64 misc_enable)
{
	return misc_enable & MISC_ENABLE_LIMIT_CPUID ? CPUID_CACHE_DESCRIPTORS
						     : CPUID_TSC;
}

u32 cpuid_answering_leaf(u32 leaf, u64 misc_enable)
{
	u32 last = last_basic_leaf(misc_enable);
	bool basic = leaf < CPUID_HYPERVISOR;

	if (basic ? leaf > last : leaf > CPUID_ADDRESS_SIZE)
		return last;
	return leaf;
}

/* Changes the leaves that a mask can't describe. */
static void adjust(u32 leaf, u32 subleaf, struct cpuid_regs *out,
		   const struct cpuid_policy_input *input)
{
	switch (leaf) {
	case CPUID_VENDOR:
		out->eax = last_basic_leaf(input->misc_enable);
		break;
	case CPUID_FEATURES:
		adjust_features(out, input);
		break;
	case CPUID_FEATURES_7:
		adjust_features_7(out, input);
		break;
	case CPUID_XSTATE:
		adjust_xstate(subleaf, out, input);
		break;
	case CPUID_TSC:
		tell_clocks(out, input->tsc_hz);
		break;
	case CPUID_HYPERVISOR:
		memcpy(&out->ebx, CPUID_SIGNATURE, 3 * sizeof(u32));
		break;
	case CPUID_EXT_MAX:
		out->eax = MIN(out->eax, (u32)CPUID_ADDRESS_SIZE);
		break;
	case CPUID_EXT_FEATURES:
		if (!input->rdtscp)
			out->edx &= ~CPUID_EXT_EDX_RDTSCP;
		if (input->misc_enable & MISC_ENABLE_XD_DISABLE)
			out->edx &= ~CPUID_EXT_EDX_NX;
		break;
	case CPUID_EXT_POWER:
		if (!input->invariant_tsc)
			out->edx = 0;
		break;
	}
}

void cpuid_policy(u32 leaf, u32 subleaf, const struct cpuid_regs *host,
		  const struct cpuid_policy_input *input,
		  struct cpuid_regs *out)
{
	const struct cpuid_rule *rule = find(leaf, subleaf);

	if (!rule) {
		memset(out, 0, sizeof(*out));
		return;
	}
	out->eax = (host->eax & rule->pass.eax) | rule->set.eax;
	out->ebx = (host->ebx & rule->pass.ebx) | rule->set.ebx;
	out->ecx = (host->ecx & rule->pass.ecx) | rule->set.ecx;
	out->edx = (host->edx & rule->pass.edx) | rule->set.edx;
	adjust(leaf, subleaf, out, input);
}
