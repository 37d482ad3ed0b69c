/* SPDX-License-Identifier: MIT */
/*
 * Five VMCSs, each with one field that is wrong, and their mends. For the first
 * two the doctor names the field; for the others a failure says no more than a
 * processor does, and shows the fields.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/regs.h"
#include "tests/unit/good_vmcs.h"
#include "tests/unit/vmcs_mend.h"
#include "vmx/exit_qualification.h"

#define WITH_DOCTOR 2

static const struct check_write illnesses[PATIENTS] = {
	{ VMCS_GUEST_RFLAGS, RFLAGS_IF },
	{ VMCS_HOST_TR_SELECTOR, 0 },
	{ VMCS_GUEST_CS_ACCESS_RIGHTS, 0xe09b },
	{ VMCS_GUEST_CR4, CR4_VMXE },
	{ VMCS_VM_ENTRY_INTERRUPTION_INFORMATION,
	  VMX_INTR(INTR_HARDWARE_EXCEPTION, VECTOR_UD) | VMX_INTR_ERROR_CODE },
};

static void print_finding(const struct doctor_finding *f, void *context)
{
	print_error("  the doctor: SDM vol. 3C, %s, %s is %#lx: %s\n",
		    f->rule->section,
		    vmcs_field_name(doctor_field(f->rule, f->n)), f->value,
		    f->rule->expected);
}

static void ignore_finding(const struct doctor_finding *f, void *context)
{
}

/* Prints those fields of the verdict that are not 0. */
static void print_fields(enum doctor_verdict verdict)
{
	for (size_t i = 0; i < VMCS_FIELD_COUNT; i++) {
		enum vmcs_field field = vmcs_fields[i].encoding;
		enum vmcs_kind kind = vmcs_field_kind(field);
		bool shown = verdict == DOCTOR_GUEST  ? kind == VMCS_GUEST
			     : verdict == DOCTOR_HOST ? kind == VMCS_HOST
						      : kind == VMCS_CONTROL;

		if (shown && vmcs[field / 2])
			print_error("  %-42s %#lx\n", vmcs_fields[i].name,
				    vmcs[field / 2]);
	}
}

static void examine_patient(unsigned int patient)
{
	enum doctor_verdict verdict =
		doctor_examine(&doctor, ignore_finding, NULL);

	if (verdict == DOCTOR_GOOD)
		return;
	print_error("ERROR: patient %u: the VM entry fails: %s\n", patient,
		    doctor_verdict_name(verdict));
	if (patient <= WITH_DOCTOR)
		doctor_examine(&doctor, print_finding, NULL);
	else
		print_fields(verdict);
	fail();
}

static void treat_patient(unsigned int patient)
{
	const struct check_write *illness = &illnesses[patient - 1];
	struct check_write mend = vmcs_mend(patient);

	make_good_vmcs();
	write_fields(illness, 1);
	if (mend.field && mend.field != illness->field)
		fail_msg("patient %u: %s was right as it was: another field is "
			 "wrong",
			 patient, vmcs_field_name(mend.field));
	if (mend.field)
		write_fields(&mend, 1);
	examine_patient(patient);
}

static void patient_1(void **state)
{
	treat_patient(1);
}

static void patient_2(void **state)
{
	treat_patient(2);
}

static void patient_3(void **state)
{
	treat_patient(3);
	if (!(vmcs[VMCS_GUEST_CS_ACCESS_RIGHTS / 2] & AR_L))
		fail_msg(
			"patient 3: the guest ran 64-bit code, and now runs in "
			"compatibility mode");
}

static void patient_4(void **state)
{
	treat_patient(4);
}

static void patient_5(void **state)
{
	treat_patient(5);
	if (!(vmcs[VMCS_VM_ENTRY_INTERRUPTION_INFORMATION / 2] &
	      VMX_INTR_VALID))
		fail_msg("patient 5: the guest was to get #UD, and gets no "
			 "event");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patient_1), cmocka_unit_test(patient_2),
		cmocka_unit_test(patient_3), cmocka_unit_test(patient_4),
		cmocka_unit_test(patient_5),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
