/* SPDX-License-Identifier: MIT */
/*
 * A virtual machine shows its guest RAM and features, by the processor and by
 * the guest's own state; and a run ends, for a reason.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "fake_processor.h"
#include "quiet_machine.h"

#include "arch/x86/cpuid.h"
#include "arch/x86/msr.h"
#include "arch/x86/regs.h"

#define LAST_LEAF 0xd

static u32 asked; /* CPUIDs executed by the processor */

/* A processor that has all features, and this number of the last basic leaf. */
static struct cpuid_result cpuid(u32 leaf, u32 subleaf)
{
	asked++;
	if (leaf == CPUID_VENDOR)
		return (struct cpuid_result){ LAST_LEAF, 1, 2, 3 };
	if (leaf == CPUID_ADDRESS_SIZE)
		return (struct cpuid_result){ 48 << 8 | 39, 0, 0, 0 };
	return (struct cpuid_result){ ~0U, ~0U, ~0U, ~0U };
}

#include "vmx/vm.c"
#include "vmx/stop.c"

#define FRAMES 16
#define HOLE 3
#define HFN 0x4000
#define RIP 0xffffffff81000000

static struct vm vm;
static u32 dumps;
static hfn_t p2m[FRAMES];

/* --- Around the files above ------------------------------------------------- */

void vmx_dump(struct vcpu *vcpu)
{
	assert_ptr_equal(vcpu, &vm.vcpu);
	dumps++;
}

static int set_up(void **state)
{
	const struct devices_config config = { .console = no_console,
					       .rtc_read = no_rtc,
					       .tsc_to_ns = tsc_as_ns,
					       .memory = FRAMES * PAGE_SIZE,
					       .maxphyaddr = 39 };

	memset(&vm, 0, sizeof(vm));
	vm.name = "test";
	vm.vcpu.vm = &vm;
	vm.vcpu.exit.rip = RIP;
	devices_init(&vm.devices, &config);
	guest_msrs_init(&vm.msrs, true, 39);
	for (gfn_t gfn = 0; gfn < FRAMES; gfn++)
		p2m[gfn] = gfn == HOLE ? HFN_NONE : HFN + gfn;
	vm.memory = (struct guest_memory){ .p2m = p2m, .gfn_count = FRAMES };
	vm.cpuid = (struct cpuid_policy_input){
		.smep = true, .smap = true, .xsave = true, .rdtscp = true
	};
	vm.cpuid_last = LAST_LEAF;
	asked = dumps = 0;
	return 0;
}

/* --- Memory ----------------------------------------------------------------- */

static void ram(void **state)
{
	const gpa_t apic = 7 * PAGE_SIZE;

	assert_true(vm_is_ram(&vm, 0));
	assert_true(vm_is_ram(&vm, apic + 8));
	assert_true(vm_is_ram(&vm, FRAMES * PAGE_SIZE - 1));
	assert_false(vm_is_ram(&vm, FRAMES * PAGE_SIZE));
	assert_false(vm_is_ram(&vm, HOLE * PAGE_SIZE + 5));
	/* The guest puts its local APIC there: the whole page is the APIC's. */
	assert_true(devices_write_msr(&vm.devices, IA32_APIC_BASE,
				      apic | BIT(8) | BIT(11), 0));
	assert_false(vm_is_ram(&vm, apic));
	assert_false(vm_is_ram(&vm, apic + PAGE_SIZE - 1));
	assert_true(vm_is_ram(&vm, apic - 1));
	assert_true(vm_is_ram(&vm, apic + PAGE_SIZE));
}

/* --- CPUID ------------------------------------------------------------------ */

static struct cpuid_regs shown_cpuid(u32 leaf)
{
	struct cpuid_regs regs;

	vm_cpuid(&vm, leaf, 0, &regs);
	return regs;
}

/* Leaf 1 shows two features that the guest itself switches. */
static void cpuid_follows_guest(void **state)
{
	struct cpuid_regs one = shown_cpuid(CPUID_FEATURES);

	assert_false(one.ecx & BIT(27)); /* OSXSAVE */
	assert_true(one.edx & BIT(9)); /* APIC */
	vm.vcpu.paging.cr4 = CR4_OSXSAVE;
	assert_true(shown_cpuid(CPUID_FEATURES).ecx & BIT(27));
	assert_true(devices_write_msr(&vm.devices, IA32_APIC_BASE,
				      0xfee00000 | BIT(8), 0));
	assert_false(shown_cpuid(CPUID_FEATURES).edx & BIT(9));
}

/* A leaf that the processor lacks is not executed: that might be an exit. */
static void cpuid_beyond_last(void **state)
{
	shown_cpuid(CPUID_XSTATE);
	assert_int_equal(asked, 1);
	shown_cpuid(LAST_LEAF + 1);
	assert_int_equal(asked, 1);
	shown_cpuid(CPUID_EXT_FEATURES);
	assert_int_equal(asked, 2);
	/* A processor that ends at leaf 2 answers leaf 7 with another one. */
	assert_true(shown_cpuid(CPUID_FEATURES_7).ebx & BIT(0)); /* FSGSBASE */
	vm.cpuid_last = 2;
	assert_false(shown_cpuid(CPUID_FEATURES_7).ebx & BIT(0));
}

/* The bits that the guest may set are those that CPUID shows it. */
static void features(void **state)
{
	vm_find_features(&vm);
	assert_int_equal(vm.features.maxphyaddr, 39);
	assert_true(vm.features.cr4 & CR4_SMEP);
	assert_true(vm.features.cr4 & CR4_OSXSAVE);
	assert_true(vm.features.efer & EFER_NXE);
	assert_true(vm.features.efer & EFER_LME);
	assert_int_equal(vm.features.xcr0, XCR0_X87 | XCR0_SSE | BIT(2));
	vm.cpuid.smep = vm.cpuid.xsave = false;
	vm_find_features(&vm);
	assert_false(vm.features.cr4 & CR4_SMEP);
	assert_false(vm.features.cr4 & CR4_OSXSAVE);
	assert_true(vm.features.cr4 & CR4_SMAP);
}

/* The guest hides NX from itself, by XD Bit Disable of IA32_MISC_ENABLE. */
static void features_that_are_hidden(void **state)
{
	u64 value;

	assert_int_equal(guest_msr_read(&vm.msrs, IA32_MISC_ENABLE, &value),
			 MSR_DONE);
	assert_int_equal(
		guest_msr_write(&vm.msrs, IA32_MISC_ENABLE, value | BIT(34)),
		MSR_DONE);
	vm_find_features(&vm);
	assert_false(vm.features.efer & EFER_NXE);
	assert_false(shown_cpuid(CPUID_EXT_FEATURES).edx & BIT(20));
}

/* --- The end ---------------------------------------------------------------- */

static void assert_ended(enum end_reason reason, int status, const char *why)
{
	assert_true(vm.ended);
	assert_int_equal(vm.end_reason, reason);
	assert_int_equal(vm.end_status, status);
	assert_string_equal(vm.end_why, why);
}

static void first_reason_stands(void **state)
{
	vm_end(&vm, END_GUEST_EXIT, 3);
	assert_ended(END_GUEST_EXIT, 3, "");
	vm_end(&vm, END_GUEST_RESET, 0);
	vm_end_by_user(&vm, END_GUEST_POWER_OFF);
	assert_ended(END_GUEST_EXIT, 3, "");
	vmx_stop_guest(&vm.vcpu, "too late");
	assert_ended(END_GUEST_EXIT, 3, "");
}

static void user_ends(void **state)
{
	vm_end_by_user(&vm, END_GUEST_RESET);
	assert_ended(END_GUEST_RESET, 0, "asked for at the console");
}

/* The reason is kept with the place; a second stop does not replace it. */
static void stop(void **state)
{
	vmx_stop_guest(&vm.vcpu, "leaf %u of %s", 4, "none");
	assert_int_equal(dumps, 1);
	assert_ended(END_GUEST_STOPPED, 0,
		     "leaf 4 of none at RIP 0xffffffff81000000");
	vmx_stop_guest(&vm.vcpu, "another");
	assert_int_equal(dumps, 2);
	assert_ended(END_GUEST_STOPPED, 0,
		     "leaf 4 of none at RIP 0xffffffff81000000");
}

/* A reason that is too long is cut off, but not the place. */
static void long_reason(void **state)
{
	char text[2 * VM_WHY_SIZE];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	vmx_stop_guest(&vm.vcpu, "%s", text);
	assert_int_equal(strlen(vm.end_why), VM_WHY_SIZE - 1);
	assert_non_null(strstr(vm.end_why, "x at RIP 0xffffffff81000000"));
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ram),
		TEST(cpuid_follows_guest),
		TEST(cpuid_beyond_last),
		TEST(features),
		TEST(features_that_are_hidden),
		TEST(first_reason_stands),
		TEST(user_ends),
		TEST(stop),
		TEST(long_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
