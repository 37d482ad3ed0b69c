/* SPDX-License-Identifier: MIT */
/*
 * The entry doctor, on a VMCS made up here. Each check of the manual (see
 * entry_checks.h) is violated alone: the doctor must report it, and nothing
 * else. Each rule of the doctor must be reported for a check. A check without a
 * rule must be impossible to violate with Umbra's controls. Then each rule is
 * broken in the way of umbra-doctor.elf.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/regs.h"
#include "guest/cpuid.h"
#include "tests/unit/entry_checks.h"
#include "tests/unit/good_vmcs.h"
#include "vmx/exit_qualification.h"

/* The same as the doctor's guests, made without it. */
static void make_good_guest(enum doctor_guest guest)
{
	make_good_vmcs();
	set_segment(6, 0, 0xffff, 0x82);
	if (guest == DOCTOR_GUEST_64)
		return;
	vmcs[VMCS_VM_ENTRY_CONTROLS / 2] &= ~(u64)ENTRY_IA32E_MODE_GUEST;
	vmcs[VMCS_GUEST_IA32_EFER / 2] = 0;
	vmcs[VMCS_GUEST_CR3 / 2] = PDPTES_GOOD_HPA;
	set_segment(SEG_CS, 0, ~0U, 0xc09b);
	if (guest == DOCTOR_GUEST_PAE)
		return;
	vmcs[VMCS_GUEST_RFLAGS / 2] |= RFLAGS_VM;
	for (int n = 0; n < 6; n++)
		set_segment(n, 0, 0xffff, 0xf3);
}

static struct doctor_finding findings[8];
static size_t found;

static void note_finding(const struct doctor_finding *finding, void *context)
{
	if (found < ARRAY_SIZE(findings))
		findings[found] = *finding;
	found++;
}

static enum doctor_verdict examine(void)
{
	found = 0;
	return doctor_examine(&doctor, note_finding, NULL);
}

static void print_findings(void)
{
	for (size_t i = 0; i < MIN(found, ARRAY_SIZE(findings)); i++)
		print_error("  found: %s %s (%s)\n", findings[i].rule->section,
			    vmcs_field_name(doctor_field(findings[i].rule,
							 findings[i].n)),
			    findings[i].rule->expected);
}

static void good_passes(void **state)
{
	struct breaker b;

	make_good_vmcs();
	assert_int_equal(examine(), DOCTOR_GOOD);
	assert_int_equal(found, 0);
	for (int guest = 0; guest < DOCTOR_GUESTS; guest++) {
		make_good_guest(guest);
		assert_int_equal(examine(), DOCTOR_GOOD);
		assert_int_equal(found, 0);
		make_good_vmcs();
		b = good_breaker();
		doctor_make_guest(&b, guest);
		assert_int_equal(examine(), DOCTOR_GOOD);
		assert_int_equal(found, 0);
	}
}

/* --- The manual's checks ---------------------------------------------------- */

static enum doctor_verdict verdict_of(const char *section)
{
	if (!strncmp(section, "26.2.1", 6))
		return DOCTOR_CONTROLS;
	if (!strncmp(section, "26.2.", 5))
		return DOCTOR_HOST;
	return !strncmp(section, "26.3.", 5) ? DOCTOR_GUEST
					     : DOCTOR_MSR_LOADING;
}

/* The rules that a check has found so far, register by register. */
static struct doctor_finding seen[256];
static size_t seen_count;

static void violate(const struct entry_check *c, unsigned int n)
{
	struct check_write writes[ARRAY_SIZE(c->writes)] = { 0 };
	size_t count = 0;

	for (; count < ARRAY_SIZE(writes) && c->writes[count].field; count++) {
		writes[count] = c->writes[count];
		writes[count].field += 2 * n;
	}
	make_good_guest(c->guest);
	write_fields(writes, count);
	assert_int_equal(vmcs[0], 0);
	if (examine() != verdict_of(c->section) || found != 1 ||
	    strcmp(findings[0].rule->section, c->section) ||
	    doctor_field(findings[0].rule, findings[0].n) != c->field + 2 * n) {
		print_error("SDM vol. 3C, %s, %s: %s\n", c->section,
			    vmcs_field_name(c->field + 2 * n), c->text);
		print_findings();
		fail();
	}
	assert_int_equal(findings[0].value, vmcs[c->field / 2 + n]);
	assert_true(seen_count < ARRAY_SIZE(seen));
	seen[seen_count++] = findings[0];
}

static const struct control *find_control(enum control_set set,
					  const char *name)
{
	const struct control_table *table = &control_tables[set];

	for (size_t i = 0; i < table->count; i++)
		if (!strcmp(table->controls[i].name, name))
			return &table->controls[i];
	print_error("no such control: %s\n", name);
	fail();
	return NULL;
}

static bool is_hidden(u32 ebx, u32 ecx)
{
	const struct cpuid_regs host = { ~0U, ~0U, ~0U, ~0U };
	const struct cpuid_policy_input input = {
		.smep = true, .smap = true, .xsave = true, .rdtscp = true
	};
	struct cpuid_regs guest;

	cpuid_policy(7, 0, &host, &input, &guest);
	return (ebx || ecx) && !(guest.ebx & ebx) && !(guest.ecx & ecx);
}

/* The check must be ruled out by the way in which Umbra runs guests. */
static void cannot_fail(const struct entry_check *c)
{
	if (c->never)
		assert_int_equal(find_control(c->set, c->never)->want,
				 CONTROL_OFF);
	else if (c->always)
		assert_int_equal(find_control(c->set, c->always)->want,
				 CONTROL_REQUIRED);
	else
		assert_true(is_hidden(c->hidden_ebx, c->hidden_ecx));
}

static bool was_seen(const struct doctor_finding *f)
{
	for (size_t i = 0; i < seen_count; i++)
		if (seen[i].rule == f->rule && seen[i].n == f->n)
			return true;
	return false;
}

static void each_check(const struct entry_check *checks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct entry_check *c = &checks[i];
		u8 registers = c->registers ? c->registers : 1;

		if (!c->writes[0].field) {
			cannot_fail(c);
			continue;
		}
		for (unsigned int n = 0; registers >> n; n++)
			if (registers >> n & 1)
				violate(c, n);
	}
}

static void each_check_of_the_manual(void **state)
{
	struct doctor_finding f = { 0 };

	seen_count = 0;
	each_check(entry_checks, entry_check_count);
	each_check(entry_checks_guest, entry_check_guest_count);
	while (doctor_next(&f))
		if (!was_seen(&f)) {
			print_error("not in the manual's list: %s %s (%s)\n",
				    f.rule->section,
				    vmcs_field_name(doctor_field(f.rule, f.n)),
				    f.rule->expected);
			fail();
		}
}

/* --- The doctor's rules ----------------------------------------------------- */

static void each_rule_broken(void **state)
{
	struct doctor_finding f = { 0 };
	size_t count = 0;

	for (; doctor_next(&f); count++) {
		enum doctor_verdict verdict;
		struct breaker b;

		make_good_vmcs();
		b = good_breaker();
		doctor_break(&b, f.rule, f.n);
		verdict = examine();
		if (found != 1 || findings[0].rule != f.rule ||
		    findings[0].n != f.n) {
			print_error("broken: %s %s (%s); found %zu\n",
				    f.rule->section,
				    vmcs_field_name(doctor_field(f.rule, f.n)),
				    f.rule->expected, found);
			print_findings();
			fail();
		}
		assert_int_equal(verdict, f.verdict);
		assert_string_not_equal(
			vmcs_field_name(doctor_field(f.rule, f.n)),
			"unknown field");
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

/* Without "activate secondary controls" these count as 0, whatever they are. */
static void secondary_controls_off(void **state)
{
	make_good_vmcs();
	vmcs[VMCS_PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS / 2] &=
		~(u64)CPU_SECONDARY_CONTROLS;
	vmcs[VMCS_SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS / 2] = ~0U;
	assert_int_equal(examine(), DOCTOR_GOOD);
}

/* IA32_VMX_BASIC[56]: software may give an exception an error code or none. */
static void any_error_code(void **state)
{
	const u64 without_code = VMX_INTR(INTR_HARDWARE_EXCEPTION, VECTOR_GP);
	const u64 with_code = VMX_INTR(INTR_HARDWARE_EXCEPTION, VECTOR_UD) |
			      VMX_INTR_ERROR_CODE;

	make_good_vmcs();
	capabilities.basic |= BIT(56);
	vmcs[VMCS_VM_ENTRY_INTERRUPTION_INFORMATION / 2] = without_code;
	assert_int_equal(examine(), DOCTOR_GOOD);
	vmcs[VMCS_VM_ENTRY_INTERRUPTION_INFORMATION / 2] = with_code;
	assert_int_equal(examine(), DOCTOR_GOOD);
	vmcs[VMCS_VM_ENTRY_INTERRUPTION_INFORMATION / 2] =
		VMX_INTR(INTR_NMI, VECTOR_NMI) | VMX_INTR_ERROR_CODE;
	assert_int_equal(examine(), DOCTOR_CONTROLS);
	capabilities.basic = REVISION;
}

/* Type 7, a pending MTF exit, needs a processor that has the control. */
static void other_event(void **state)
{
	u64 *cpu = &capabilities.allowed[CONTROLS_CPU];

	make_good_vmcs();
	vmcs[VMCS_VM_ENTRY_INTERRUPTION_INFORMATION / 2] =
		VMX_INTR(INTR_OTHER_EVENT, 0);
	assert_int_equal(examine(), DOCTOR_GOOD);
	*cpu &= ~BIT(32 + 27);
	assert_int_equal(examine(), DOCTOR_CONTROLS);
	assert_int_equal(found, 1);
	*cpu |= BIT(32 + 27);
}

/* The width is the processor's, with or without 5-level paging. */
static void wide_linear_addresses(void **state)
{
	make_good_vmcs();
	doctor.linear_bits = 57;
	vmcs[VMCS_HOST_RIP / 2] = BIT(47);
	vmcs[VMCS_GUEST_RIP / 2] = BIT(56);
	assert_int_equal(examine(), DOCTOR_GOOD);
	vmcs[VMCS_HOST_RIP / 2] = BIT(56);
	assert_int_equal(examine(), DOCTOR_HOST);
	vmcs[VMCS_HOST_RIP / 2] = 0;
	vmcs[VMCS_GUEST_RIP / 2] = BIT(57);
	assert_int_equal(examine(), DOCTOR_GUEST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_passes),
		cmocka_unit_test(each_check_of_the_manual),
		cmocka_unit_test(each_rule_broken),
		cmocka_unit_test(verdict_in_order),
		cmocka_unit_test(secondary_controls_off),
		cmocka_unit_test(any_error_code),
		cmocka_unit_test(other_event),
		cmocka_unit_test(wide_linear_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
