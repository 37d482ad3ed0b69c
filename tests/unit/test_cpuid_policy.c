/* SPDX-License-Identifier: MIT */
/* CPUID's answers for a processor that has everything, and one with nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/cpuid.h"
#include "arch/x86/regs.h"
#include "guest/cpuid.h"

/* Features that guests must not see; the product has no use for their names. */
#define CPUID_1_ECX_DTES64 BIT(2)
#define CPUID_1_ECX_PDCM BIT(15)
#define CPUID_1_EDX_MCA BIT(14)
#define CPUID_1_EDX_DS BIT(21)
#define CPUID_1_EDX_HTT BIT(28)
#define CPUID_7_EBX_SGX BIT(2)
#define CPUID_7_EBX_HLE BIT(4)
#define CPUID_7_EBX_RTM BIT(11)
#define CPUID_7_EBX_MPX BIT(14)
#define CPUID_7_EBX_AVX512F BIT(16)
#define CPUID_7_ECX_LA57 BIT(16)
#define CPUID_7_EDX_IBRS BIT(26)
#define CPUID_7_EDX_STIBP BIT(27)
#define CPUID_7_EDX_ARCH_CAPABILITIES BIT(29)
#define CPUID_7_EDX_SSBD BIT(31)

static const struct cpuid_regs everything = { ~0U, ~0U, ~0U, ~0U };
static const struct cpuid_regs nothing;

static struct cpuid_regs guest_cpuid(u32 leaf, u32 subleaf,
				     const struct cpuid_regs *host,
				     struct cpuid_policy_input input)
{
	struct cpuid_regs out;

	memset(&out, 0xcc, sizeof(out));
	cpuid_policy(leaf, subleaf, host, &input, &out);
	return out;
}

static const struct cpuid_policy_input none;
static const struct cpuid_policy_input all = {
	.smep = true,
	.smap = true,
	.xsave = true,
	.rdtscp = true,
	.invariant_tsc = true,
	.apic = true,
	.tsc_hz = 3400000000,
	.cr4 = CR4_OSXSAVE,
};

static void limits(void **state)
{
	struct cpuid_regs host = { 0x20, 0x756e6547, 0x6c65746e, 0x49656e69 };
	struct cpuid_regs out = guest_cpuid(0, 0, &host, none);

	/* Leaf 15h is there on every processor: it is Umbra's. */
	assert_int_equal(out.eax, 0x15);
	assert_memory_equal(&out.ebx, &host.ebx, 12);
	host.eax = 0xa;
	assert_int_equal(guest_cpuid(0, 5, &host, none).eax, 0x15);
	host.eax = 0x80000021;
	assert_int_equal(guest_cpuid(0x80000000, 0, &host, none).eax,
			 0x80000008);
}

static void misc_enable(void **state)
{
	struct cpuid_policy_input input = all;

	input.misc_enable = BIT(22);
	assert_int_equal(guest_cpuid(0, 0, &everything, input).eax, 2);
	assert_true(guest_cpuid(0x80000001, 0, &everything, input).edx &
		    CPUID_EXT_EDX_NX);
	input.misc_enable = BIT(34);
	assert_int_equal(guest_cpuid(0, 0, &everything, input).eax, 0x15);
	assert_false(guest_cpuid(0x80000001, 0, &everything, input).edx &
		     CPUID_EXT_EDX_NX);
}

static void beyond_the_last(void **state)
{
	const u64 limit = BIT(22);

	assert_int_equal(cpuid_answering_leaf(0x15, 0), 0x15);
	assert_int_equal(cpuid_answering_leaf(0x16, 0), 0x15);
	assert_int_equal(cpuid_answering_leaf(0x3fffffff, 0), 0x15);
	assert_int_equal(cpuid_answering_leaf(2, limit), 2);
	assert_int_equal(cpuid_answering_leaf(3, limit), 2);
	assert_int_equal(cpuid_answering_leaf(0x40000001, 0), 0x40000001);
	assert_int_equal(cpuid_answering_leaf(0x80000008, limit), 0x80000008);
	assert_int_equal(cpuid_answering_leaf(0x80000009, 0), 0x15);
	assert_int_equal(cpuid_answering_leaf(0xffffffff, limit), 2);
}

static void tsc_rate(void **state)
{
	struct cpuid_regs out = guest_cpuid(0x15, 0, &everything, all);

	assert_int_equal((u64)out.ecx * out.ebx / out.eax, 3400000000);
}

static void unknown_leaves_are_zeros(void **state)
{
	static const u32 leaves[] = {
		3,	    5,		8,	    9,		0xa,	   0xb,
		0xc,	    0xe,	0x12,	    0x14,	0x13,	   0x16,
		0x40000001, 0x80000005, 0x80000009, 0x8000000a, 0xffffffff
	};

	for (size_t i = 0; i < ARRAY_SIZE(leaves); i++) {
		struct cpuid_regs out =
			guest_cpuid(leaves[i], 0, &everything, all);

		assert_memory_equal(&out, &nothing, sizeof(out));
	}
	/* It says only that the APIC's timer never stops. */
	assert_int_equal(guest_cpuid(6, 0, &everything, all).eax, 4);
	assert_int_equal(guest_cpuid(7, 1, &everything, all).eax, 0);
	assert_int_equal(guest_cpuid(0xd, 3, &everything, all).eax, 0);
}

static void features(void **state)
{
	struct cpuid_regs out = guest_cpuid(1, 0, &everything, all);
	u32 hidden_ecx = CPUID_1_ECX_VMX | CPUID_1_ECX_SMX |
			 CPUID_1_ECX_MONITOR | CPUID_1_ECX_PCID |
			 CPUID_1_ECX_PDCM | CPUID_1_ECX_DTES64;
	u32 hidden_edx = CPUID_1_EDX_MCE | CPUID_1_EDX_MCA | CPUID_1_EDX_DS |
			 CPUID_1_EDX_HTT;
	/* Umbra's own, on any processor. */
	u32 own_ecx = CPUID_1_ECX_HYPERVISOR | CPUID_1_ECX_X2APIC |
		      CPUID_1_ECX_TSC_DEADLINE;
	/* The features that Linux's 64-bit kernels demand. */
	u32 shown_edx = CPUID_1_EDX_FPU | CPUID_1_EDX_PSE | CPUID_1_EDX_MSR |
			CPUID_1_EDX_PAE | CPUID_1_EDX_CX8 | CPUID_1_EDX_PGE |
			CPUID_1_EDX_FXSR | CPUID_1_EDX_CMOV | CPUID_1_EDX_SSE |
			CPUID_1_EDX_SSE2 | CPUID_1_EDX_TSC;

	assert_int_equal(out.ecx & hidden_ecx, 0);
	assert_int_equal(out.edx & hidden_edx, 0);
	assert_int_equal(out.edx & shown_edx, shown_edx);
	assert_int_equal(out.ebx >> 16, 1); /* one processor, APIC ID 0 */
	assert_true(out.ecx & CPUID_1_ECX_HYPERVISOR);
	assert_true(out.ecx & CPUID_1_ECX_OSXSAVE);
	assert_true(out.ecx & CPUID_1_ECX_AVX);

	/* The host's own CR4.OSXSAVE must not show. */
	out = guest_cpuid(1, 0, &everything, none);
	assert_int_equal(out.ecx & (CPUID_1_ECX_OSXSAVE | CPUID_1_ECX_XSAVE |
				    CPUID_1_ECX_AVX | CPUID_1_ECX_FMA),
			 0);
	/* The APIC's flag is that of IA32_APIC_BASE. */
	assert_int_equal(out.edx & CPUID_1_EDX_APIC, 0);
	out = guest_cpuid(1, 0, &nothing, all);
	assert_int_equal(out.edx, CPUID_1_EDX_APIC | CPUID_1_EDX_MTRR);
	/* Without a host's value no value is made up. */
	out = guest_cpuid(1, 0, &nothing, none);
	assert_true(out.ecx == own_ecx && out.edx == CPUID_1_EDX_MTRR);
}

static void features_7(void **state)
{
	struct cpuid_regs out = guest_cpuid(7, 0, &everything, all);

	assert_int_equal(out.eax, 0);
	assert_true(out.ebx & CPUID_7_EBX_SMEP && out.ebx & CPUID_7_EBX_SMAP);
	assert_int_equal(out.ebx & (CPUID_7_EBX_SGX | CPUID_7_EBX_INVPCID |
				    CPUID_7_EBX_HLE | CPUID_7_EBX_RTM |
				    CPUID_7_EBX_AVX512F | CPUID_7_EBX_MPX),
			 0);
	assert_int_equal(out.ecx & (CPUID_7_ECX_LA57 | CPUID_7_ECX_PKU), 0);
	assert_int_equal(out.edx & (CPUID_7_EDX_IBRS | CPUID_7_EDX_STIBP |
				    CPUID_7_EDX_SSBD |
				    CPUID_7_EDX_ARCH_CAPABILITIES),
			 0);
	assert_true(guest_cpuid(7, 0, &nothing, none).ebx &
		    CPUID_7_EBX_TSC_ADJUST);
	out = guest_cpuid(7, 0, &everything, none);
	assert_int_equal(out.ebx & (CPUID_7_EBX_SMEP | CPUID_7_EBX_SMAP |
				    CPUID_7_EBX_AVX2),
			 0);
	assert_int_equal(out.ecx & CPUID_7_ECX_RDPID, 0);
}

static void xstate(void **state)
{
	struct cpuid_regs host = { 0x2ff, 832, 2696, 1 };
	struct cpuid_regs out = guest_cpuid(0xd, 0, &host, all);

	assert_int_equal(out.eax, 7);
	assert_int_equal(out.ebx, 832);
	assert_int_equal(out.ecx, 832);
	assert_int_equal(out.edx, 0);
	host.eax = 3; /* no AVX */
	assert_int_equal(guest_cpuid(0xd, 0, &host, all).ecx, 576);
	assert_int_equal(guest_cpuid(0xd, 1, &everything, all).eax, 7);
	assert_int_equal(guest_cpuid(0xd, 2, &everything, all).eax, ~0U);
	out = guest_cpuid(0xd, 0, &everything, none);
	assert_memory_equal(&out, &nothing, sizeof(out));
}

static void extended(void **state)
{
	struct cpuid_regs out = guest_cpuid(0x80000001, 0, &everything, all);

	assert_true(out.edx & CPUID_EXT_EDX_LM && out.edx & CPUID_EXT_EDX_NX);
	assert_true(out.edx & CPUID_EXT_EDX_RDTSCP);
	assert_true(out.edx & CPUID_EXT_EDX_PAGE1GB);
	out = guest_cpuid(0x80000001, 0, &everything, none);
	assert_false(out.edx & CPUID_EXT_EDX_RDTSCP);
	assert_int_equal(guest_cpuid(0x80000007, 0, &everything, all).edx,
			 0x100);
	assert_int_equal(guest_cpuid(0x80000007, 0, &everything, none).edx, 0);
	out = guest_cpuid(0x80000008, 0, &everything, all);
	assert_int_equal(out.eax, 0xffff);
	assert_int_equal(out.ebx | out.ecx | out.edx, 0);
}

static void hypervisor(void **state)
{
	struct cpuid_regs out = guest_cpuid(0x40000000, 0, &nothing, none);

	assert_int_equal(out.eax, 0x40000000);
	assert_memory_equal(&out.ebx, "UmbraUmbraUm", 12);
}

static void one_core(void **state)
{
	struct cpuid_regs host = { 0x1c004121, 0x01c0003f, 0x3f, 0 };
	struct cpuid_regs out = guest_cpuid(4, 0, &host, none);

	assert_int_equal(out.eax, 0x121);
	assert_int_equal(out.ebx, host.ebx);
	assert_int_equal(guest_cpuid(4, 3, &host, none).ecx, host.ecx);
}

static void registers(void **state)
{
	const struct cpuid_regs answer = { 1, 2, 3, 4 };
	struct cpu_regs regs;

	memset(&regs, 0xff, sizeof(regs));
	cpuid_write_gprs(&regs, &answer);
	assert_int_equal(regs.gpr[RAX], 1);
	assert_int_equal(regs.gpr[RBX], 2);
	assert_int_equal(regs.gpr[RCX], 3);
	assert_int_equal(regs.gpr[RDX], 4);
	assert_true(regs.gpr[RSI] == ~0ULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits),
		cmocka_unit_test(misc_enable),
		cmocka_unit_test(beyond_the_last),
		cmocka_unit_test(tsc_rate),
		cmocka_unit_test(unknown_leaves_are_zeros),
		cmocka_unit_test(features),
		cmocka_unit_test(features_7),
		cmocka_unit_test(xstate),
		cmocka_unit_test(extended),
		cmocka_unit_test(hypervisor),
		cmocka_unit_test(one_core),
		cmocka_unit_test(registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
