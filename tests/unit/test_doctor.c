/* SPDX-License-Identifier: MIT */
/*
 * The entry doctor, on a VMCS made up here: a good one passes, and each rule,
 * broken the way that it tells itself, is reported, and nothing else is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/regs.h"
#include "vmx/doctor/doctor.h"
#include "vmx/exit_qualification.h"

/* By encoding; all are even, the odd ones being high halves. */
static u64 vmcs[0x7000 / 2];

/* Not 0, as the empty page's first word is. */
#define REVISION 0x12

/* Every control can be either, but for one bit of each field at either end. */
static const struct vmx_capabilities capabilities = {
	.basic = REVISION,
	.misc = 7 << 6 | 4 << 16,
	.cr0_fixed0 = CR0_PE | CR0_NE | CR0_PG,
	.cr0_fixed1 = ~0U,
	.cr4_fixed0 = CR4_VMXE,
	.cr4_fixed1 = 0x3767ff,
	.allowed = { [CONTROLS_PIN] = 0x7fffffff00000002,
		     [CONTROLS_CPU] = 0xfbffffff00000002,
		     [CONTROLS_CPU2] = 0x7fffffff20000000,
		     [CONTROLS_EXIT] = 0x7fffffff00000001,
		     [CONTROLS_ENTRY] = 0x7fffffff00000001 },
};

static u64 read_field(const struct doctor *d, enum vmcs_field field)
{
	return vmcs[field / 2];
}

/*
 * Physical memory is the doctor's own data, which changes point at, moved to
 * below 4 GiB, where PDPTEs must be; and the VMCS.
 */
extern u8 doctor_zero_page[PAGE_SIZE];
#define MEMORY_OFFSET (0x80000000 - (uintptr_t)doctor_zero_page)

static u64 read_memory(const struct doctor *d, hpa_t hpa)
{
	u64 value;

	if (hpa == d->vmcs)
		return REVISION;
	memcpy(&value, (const void *)(hpa - MEMORY_OFFSET), sizeof(value));
	return value;
}

static const struct doctor doctor = {
	.read = read_field,
	.read_memory = read_memory,
	.capabilities = &capabilities,
	.efer = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE,
	.vmcs = 0x5000,
	.maxphyaddr = 48,
};

static void set_segment(int n, u16 selector, u32 limit, u32 rights)
{
	vmcs[(VMCS_GUEST_ES_SELECTOR + 2 * n) / 2] = selector;
	vmcs[(VMCS_GUEST_ES_LIMIT + 2 * n) / 2] = limit;
	vmcs[(VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * n) / 2] = rights;
}

/* As the self-test's: a 64-bit guest in flat segments, a 64-bit host. */
static void make_good_vmcs(void)
{
	const struct {
		enum vmcs_field field;
		u64 value;
	} fields[] = {
		{ VMCS_PIN_BASED_VM_EXECUTION_CONTROLS, 0x2b },
		{ VMCS_PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS,
		  0x91198c82 },
		{ VMCS_SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS,
		  0x20000008 },
		{ VMCS_VM_EXIT_CONTROLS, 0x200205 },
		{ VMCS_VM_ENTRY_CONTROLS, 0x8205 },
		{ VMCS_HOST_CR0, CR0_PE | CR0_NE | CR0_WP | CR0_PG },
		{ VMCS_HOST_CR4, CR4_PAE | CR4_VMXE },
		{ VMCS_HOST_IA32_EFER, EFER_LME | EFER_LMA | EFER_NXE },
		{ VMCS_HOST_CS_SELECTOR, 0x08 },
		{ VMCS_HOST_TR_SELECTOR, 0x18 },
		{ VMCS_HOST_RIP, 0xffff800000100000 },
		{ VMCS_GUEST_CR0, CR0_PE | CR0_NE | CR0_WP | CR0_PG },
		{ VMCS_GUEST_CR3, 0x4000 },
		{ VMCS_GUEST_CR4, CR4_PAE | CR4_VMXE },
		{ VMCS_GUEST_IA32_EFER, EFER_LME | EFER_LMA },
		{ VMCS_GUEST_DR7, DR7_RESET },
		{ VMCS_GUEST_RIP, 0x1000 },
		{ VMCS_GUEST_RFLAGS, RFLAGS_FIXED },
		{ VMCS_VMCS_LINK_POINTER, ~0ULL },
	};

	memset(vmcs, 0, sizeof(vmcs));
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		vmcs[fields[i].field / 2] = fields[i].value;
	for (int n = 0; n < 6; n++)
		set_segment(n, 0, ~0U, n == SEG_CS ? 0xa09b : 0xc093);
	set_segment(6, 0, 0, AR_UNUSABLE);
	set_segment(7, 0, 0x67, 0x8b);
}

/* Returns whether anything has changed. */
static bool apply(const struct doctor_change *changes, unsigned int n)
{
	bool changed = false;

	for (; changes->op != DOCTOR_END; changes++) {
		enum vmcs_field f =
			changes->field + (changes->each ? 2 * n : 0);
		u64 old = vmcs[f / 2];

		vmcs[f / 2] = doctor_changed(&doctor, changes, old,
					     changes->value + MEMORY_OFFSET);
		changed |= vmcs[f / 2] != old;
	}
	return changed;
}

static struct doctor_finding findings[8];
static size_t found;

static void note(const struct doctor_finding *finding, void *context)
{
	if (found < ARRAY_SIZE(findings))
		findings[found] = *finding;
	found++;
}

static enum doctor_verdict examine(void)
{
	found = 0;
	return doctor_examine(&doctor, note, NULL);
}

static void good_passes(void **state)
{
	make_good_vmcs();
	assert_int_equal(examine(), DOCTOR_GOOD);
	assert_int_equal(found, 0);
	for (int guest = 0; guest < DOCTOR_GUESTS; guest++) {
		make_good_vmcs();
		apply(doctor_guests[guest], 0);
		assert_int_equal(examine(), DOCTOR_GOOD);
		assert_int_equal(found, 0);
	}
}

static void break_rule(const struct doctor_chapter *chapter,
		       const struct doctor_rule *rule, unsigned int n)
{
	enum doctor_verdict verdict;

	make_good_vmcs();
	apply(doctor_guests[rule->guest], n);
	assert_true(apply(rule->broken_by, n));
	verdict = examine();
	if (found != 1 || findings[0].rule != rule || findings[0].n != n) {
		print_error("broken: %s %s (%s); found %zu\n", rule->section,
			    vmcs_field_name(doctor_field(rule, n)),
			    rule->expected, found);
		for (size_t i = 0; i < MIN(found, ARRAY_SIZE(findings)); i++)
			print_error("  found: %s %s (%s)\n",
				    findings[i].rule->section,
				    vmcs_field_name(doctor_field(
					    findings[i].rule, findings[i].n)),
				    findings[i].rule->expected);
		fail();
	}
	assert_int_equal(verdict, chapter->verdict);
	assert_int_equal(findings[0].verdict, chapter->verdict);
	assert_int_equal(findings[0].value, vmcs[doctor_field(rule, n) / 2]);
	assert_string_not_equal(vmcs_field_name(doctor_field(rule, n)),
				"unknown field");
}

static void each_rule_broken(void **state)
{
	size_t count = 0;

	for (int i = 0; i < DOCTOR_CHAPTERS; i++)
		for (const struct doctor_rule *r = doctor_chapters[i].rules;
		     r->holds; r++) {
			unsigned int registers = r->registers ? r->registers
							      : 1;

			for (unsigned int n = 0; registers >> n; n++)
				if (registers >> n & 1) {
					break_rule(&doctor_chapters[i], r, n);
					count++;
				}
		}
	print_message("%zu rules broken, register by register\n", count);
}

/* Several at once: the verdict is that of the first check that fails. */
static void verdict_in_order(void **state)
{
	make_good_vmcs();
	vmcs[VMCS_GUEST_RFLAGS / 2] = 0;
	assert_int_equal(examine(), DOCTOR_GUEST);
	vmcs[VMCS_HOST_RIP / 2] = BIT(47);
	assert_int_equal(examine(), DOCTOR_HOST);
	vmcs[VMCS_CR3_TARGET_COUNT / 2] = 5;
	assert_int_equal(examine(), DOCTOR_CONTROLS);
	assert_int_equal(found, 3);
}

/* Without "activate secondary controls" these are 0, whatever is written. */
static void secondary_controls_off(void **state)
{
	make_good_vmcs();
	vmcs[VMCS_PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS / 2] &=
		~(u64)CPU_SECONDARY_CONTROLS;
	vmcs[VMCS_SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS / 2] = ~0U;
	assert_int_equal(examine(), DOCTOR_GOOD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_passes),
		cmocka_unit_test(each_rule_broken),
		cmocka_unit_test(verdict_in_order),
		cmocka_unit_test(secondary_controls_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
