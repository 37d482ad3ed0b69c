/* SPDX-License-Identifier: MIT */
/*
 * The mends of test_clinic.c on a stricter processor, and all at once: a mend
 * sets no bit that it does not need, and keeps what the patient means. A hidden
 * test of lab 2.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/regs.h"
#include "tests/unit/good_vmcs.h"
#include "tests/unit/vmcs_mend.h"
#include "vmx/exit_qualification.h"

#define SELECTOR_TI_RPL 0x7

static void print_finding(const struct doctor_finding *f, void *context)
{
	print_error("ERROR: SDM vol. 3C, %s, %s is %#lx: %s\n",
		    f->rule->section,
		    vmcs_field_name(doctor_field(f->rule, f->n)), f->value,
		    f->rule->expected);
}

static u64 mended_value(enum vmcs_field field)
{
	for (unsigned int patient = 1; patient <= PATIENTS; patient++) {
		struct check_write mend = vmcs_mend(patient);

		if (mend.field == field)
			return mend.value;
	}
	fail_msg("no mend of %s", vmcs_field_name(field));
	return 0;
}

static void all_at_once(void **state)
{
	make_good_vmcs();
	for (unsigned int patient = 1; patient <= PATIENTS; patient++) {
		struct check_write mend = vmcs_mend(patient);

		write_fields(&mend, 1);
	}
	if (doctor_examine(&doctor, print_finding, NULL) != DOCTOR_GOOD)
		fail();
}

/* A processor without any feature in CR4 but those that the guest needs. */
static void no_spare_bits(void **state)
{
	const u64 before = capabilities.cr4_fixed1;
	enum doctor_verdict verdict;
	struct check_write mend = { VMCS_GUEST_CR4,
				    mended_value(VMCS_GUEST_CR4) };

	make_good_vmcs();
	write_fields(&mend, 1);
	capabilities.cr4_fixed1 = CR4_PAE | CR4_VMXE;
	vmcs[VMCS_HOST_CR4 / 2] = CR4_PAE | CR4_VMXE;
	verdict = doctor_examine(&doctor, print_finding, NULL);
	capabilities.cr4_fixed1 = before;
	if (verdict != DOCTOR_GOOD)
		fail();
}

static void what_was_meant(void **state)
{
	u64 rights = mended_value(VMCS_GUEST_CS_ACCESS_RIGHTS);
	u64 event = mended_value(VMCS_VM_ENTRY_INTERRUPTION_INFORMATION);
	u64 selector = mended_value(VMCS_HOST_TR_SELECTOR);

	if (rights >> 5 & 3)
		fail_msg("patient 3: the guest's code ran at CPL 0, and its "
			 "rights %#lx have another DPL",
			 rights);
	if (event != VMX_INTR(INTR_HARDWARE_EXCEPTION, VECTOR_UD))
		fail_msg("patient 5: the event was #UD, a hardware exception; "
			 "it is %#lx",
			 event);
	if (!selector || selector & SELECTOR_TI_RPL)
		fail_msg("patient 2: the host's TR is a segment of the GDT; "
			 "the selector is %#lx",
			 selector);
	if (mended_value(VMCS_GUEST_RFLAGS) & RFLAGS_VM)
		fail_msg("patient 1: there is no virtual-8086 mode in a 64-bit "
			 "guest");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_at_once),
		cmocka_unit_test(no_spare_bits),
		cmocka_unit_test(what_was_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
