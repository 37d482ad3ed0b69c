/* SPDX-License-Identifier: MIT */
/*
 * The way into VMX root operation, on a processor that checks it: VMXON refuses
 * what the manual forbids, and the test names the rule.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "fake_processor.h"

#include "arch/x86/cpuid.h"
#include "arch/x86/msr.h"
#include "arch/x86/regs.h"
#include "lib/log.h"

#define REVISION 0x12U
/* NE, say, must be 1; CR4.VMXE must be; CR4's bit 23 can't be. */
#define CR0_MUST (CR0_PE | CR0_NE | CR0_PG)
#define CR4_MUST CR4_VMXE
#define CR4_MAY (BITS(22, 0))
#define BASIC_WRITE_BACK (6ULL << 50)
#define ALL_CONTROLS_FREE 0xffffffff00000000ULL

static struct {
	u64 feature_control;
	bool control_is_locked; /* a write to IA32_FEATURE_CONTROL is #GP */
	bool in_root;
} cpu;

static u32 page[PAGE_SIZE / sizeof(u32)];

static inline struct cpuid_result cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid_result r = { 0 };

	if (leaf == CPUID_FEATURES)
		r.ecx = CPUID_1_ECX_VMX;
	return r;
}

static bool read_msr(u32 msr, u64 *value)
{
	switch (msr) {
	case IA32_FEATURE_CONTROL:
		*value = cpu.feature_control;
		return true;
	case IA32_VMX_BASIC:
		*value = REVISION | (u64)PAGE_SIZE << 32 | BASIC_WRITE_BACK;
		return true;
	case IA32_VMX_CR0_FIXED0:
		*value = CR0_MUST;
		return true;
	case IA32_VMX_CR4_FIXED0:
		*value = CR4_MUST;
		return true;
	case IA32_VMX_CR4_FIXED1:
		*value = CR4_MAY;
		return true;
	case IA32_VMX_CR0_FIXED1:
		*value = BITS(31, 0);
		return true;
	default:
		*value = ALL_CONTROLS_FREE;
		return true;
	}
}

static bool write_msr(u32 msr, u64 value)
{
	if (msr != IA32_FEATURE_CONTROL || cpu.control_is_locked ||
	    (cpu.feature_control & FEATURE_CONTROL_LOCK))
		return false;
	cpu.feature_control = value;
	return true;
}

/* SDM vol. 3C, 30.3, VMXON: #GP, #UD or VMfail by these rules. */
static inline bool vmxon(hpa_t hpa)
{
	if (!(fake.cr4 & CR4_VMXE))
		fail_msg("VMXON is #UD: CR4.VMXE is 0");
	if (~fake.cr0 & CR0_MUST)
		fail_msg("VMXON is #GP: CR0 is %#lx, and IA32_VMX_CR0_FIXED0 "
			 "wants the bits %#llx at 1",
			 fake.cr0, CR0_MUST);
	if (fake.cr4 & ~CR4_MAY)
		fail_msg("VMXON is #GP: CR4 is %#lx, and by "
			 "IA32_VMX_CR4_FIXED1 no bits but %#llx may be 1",
			 fake.cr4, CR4_MAY);
	if (!(cpu.feature_control & FEATURE_CONTROL_LOCK) ||
	    !(cpu.feature_control & FEATURE_CONTROL_VMX))
		fail_msg(
			"VMXON is #GP: IA32_FEATURE_CONTROL is %#lx, and needs "
			"bits 0 (lock) and 2 (VMX outside SMX)",
			cpu.feature_control);
	if (page[0] != REVISION)
		fail_msg("VMXON fails: the region begins with %#x, and the "
			 "processor's VMCS revision is %#x",
			 page[0], REVISION);
	cpu.in_root = true;
	return true;
}

static inline void vmxoff(void)
{
	cpu.in_root = false;
}

static inline bool vmclear(hpa_t hpa)
{
	return true;
}

static inline bool vmptrld(hpa_t hpa)
{
	return true;
}

#include "vmx/vmx.c"

hpa_t image_load_base;
static void (*at_the_end)(void);

void *frames_alloc(size_t pages)
{
	return page;
}

void machine_on_end(void (*fn)(void))
{
	at_the_end = fn;
}

static int set_up(void **state)
{
	memset(&cpu, 0, sizeof(cpu));
	memset(&fake, 0, sizeof(fake));
	fake.read_msr = read_msr;
	fake.write_msr = write_msr;
	memset(page, 0, sizeof(page));
	at_the_end = NULL;
	fake.cr0 = CR0_PE | CR0_PG;
	fake.cr4 = CR4_PAE | BIT(23);
	cpu.feature_control = FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX;
	return 0;
}

static void must_start(const char *why)
{
	if (!vmx_start() || !cpu.in_root)
		fail_msg("%s: vmx_start() must enter VMX root operation", why);
}

static void locked_on(void **state)
{
	must_start("IA32_FEATURE_CONTROL is locked with VMX");
	if (!(fake.cr4 & CR4_PAE) || !(fake.cr0 & CR0_PG))
		fail_msg("the bits of CR0 and CR4 that were 1 are lost");
	at_the_end();
	assert_false(cpu.in_root);
	assert_false(fake.cr4 & CR4_VMXE);
}

/* The firmware has left the decision to Umbra, with another bit set. */
static void left_open(void **state)
{
	cpu.feature_control = BIT(18);
	must_start("IA32_FEATURE_CONTROL is not locked");
	assert_int_equal(cpu.feature_control,
			 BIT(18) | FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX);
}

static void locked_off(void **state)
{
	cpu.feature_control = FEATURE_CONTROL_LOCK;
	assert_false(vmx_start());
	cpu.feature_control = FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX_IN_SMX;
	assert_false(vmx_start());
	assert_false(cpu.in_root);
	/* The MSR can't be written, though it is not locked. */
	cpu.feature_control = 0;
	cpu.control_is_locked = true;
	assert_false(vmx_start());
	assert_false(cpu.in_root);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(locked_on),
		TEST(left_open),
		TEST(locked_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
