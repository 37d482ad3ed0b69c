/* SPDX-License-Identifier: MIT */
/* Five VMCSs that no processor would enter (test_clinic.c), and their mends. */
#ifndef TESTS_UNIT_VMCS_MEND_H
#define TESTS_UNIT_VMCS_MEND_H

#include "tests/unit/entry_checks.h"

#define PATIENTS 5

/*
 * Returns the one field that is wrong in the VMCS of @patient, 1 to PATIENTS,
 * and the value with which the entry does what the patient means.
 */
struct check_write vmcs_mend(unsigned int patient);

#endif
