/* SPDX-License-Identifier: MIT */
/*
 * Breaks a rule of the entry doctor on purpose: makes its conditions true, then
 * writes a value to its field that the rule forbids.
 */
#ifndef TESTS_DOCTOR_BREAK_H
#define TESTS_DOCTOR_BREAK_H

#include "vmx/doctor/doctor.h"

/* The doctor of a VMCS, and the ways to change the VMCS. */
struct breaker {
	struct doctor doctor;
	/* A field that does not exist stays as it is. */
	void (*write)(enum vmcs_field field, u64 value);
	hpa_t (*address_of)(const void *object);
};

/* Turns the self-test's VMCS into that of @guest. */
void doctor_make_guest(const struct breaker *b, enum doctor_guest guest);

/*
 * Breaks @rule for register @n in the self-test's VMCS. The rule still holds
 * where this processor does not let it be broken.
 */
void doctor_break(const struct breaker *b, const struct doctor_rule *rule,
		  unsigned int n);

#endif
