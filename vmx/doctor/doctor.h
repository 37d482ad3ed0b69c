/* SPDX-License-Identifier: MIT */
/*
 * The entry doctor: the checks that a processor makes at a VM entry (SDM vol.
 * 3C, 26.2, 26.3.1 and 26.4), made in software, since the processor says no
 * more than "invalid control field(s)" or "invalid guest state". Each rule is a
 * line of a table, and brings along a way to break it: the unit tests break
 * each, and the option doctor-test=1 does so on the machine and compares the
 * doctor's verdict with the processor's.
 *
 * Left out: SMM and 32-bit hosts, where Umbra never is, and the fields of what
 * it never turns on (posted-interrupt descriptors, PML, #VE, CET, PKRS, ...).
 *
 * Pure: it sees the VMCS and memory through the functions it is given.
 */
#ifndef VMX_DOCTOR_DOCTOR_H
#define VMX_DOCTOR_DOCTOR_H

#include "lib/types.h"
#include "vmx/controls.h"

/* What the processor would say; the first that applies. */
enum doctor_verdict {
	DOCTOR_GOOD,
	DOCTOR_CONTROLS, /* VM-instruction error 7 */
	DOCTOR_HOST, /* VM-instruction error 8 */
	DOCTOR_GUEST, /* exit reason 33 */
	DOCTOR_MSR_LOADING, /* exit reason 34 */
	DOCTOR_VERDICTS
};

struct doctor {
	/* A field of the VMCS; 0 where the processor has no such field. */
	u64 (*read)(const struct doctor *d, enum vmcs_field field);
	/* Eight bytes of memory, aligned. */
	u64 (*read_memory)(const struct doctor *d, hpa_t hpa);
	const struct vmx_capabilities *capabilities;
	u64 efer; /* the bits that EFER has */
	hpa_t vmcs; /* that the fields are of */
	u8 maxphyaddr;
};

/*
 * The guests that rules are broken with: the self-test's, with a usable LDTR;
 * it without IA-32e mode, with PAE paging; and a virtual-8086 guest.
 */
enum doctor_guest {
	DOCTOR_GUEST_64,
	DOCTOR_GUEST_PAE,
	DOCTOR_GUEST_V86,
	DOCTOR_GUESTS
};

enum doctor_op {
	DOCTOR_END, /* of a list of changes */
	DOCTOR_SET,
	DOCTOR_OR,
	DOCTOR_CLEAR, /* the bits in value */
	DOCTOR_POINT_AT, /* value: a pointer to what shall be there */
	DOCTOR_POINT_AT_VMCS, /* the current one */
	DOCTOR_BEYOND, /* set the first bit that no physical address has */
	DOCTOR_FORBIDDEN, /* set the last control that may not be 1 */
	DOCTOR_REQUIRED /* clear the first control that must be 1 */
};

struct doctor_change {
	u64 value;
	u16 field;
	u8 op; /* enum doctor_op */
	bool each; /* the field is the rule's register's: see registers */
};

struct doctor_rule {
	const char *section; /* of the SDM, vol. 3C */
	enum vmcs_field field;
	/*
	 * Bit n set: the rule holds for the field 2 * n after that one, as the
	 * fields of like registers lie. 0: for the field alone, n is 0.
	 */
	u8 registers;
	const char *expected;
	/* NULL: always. */
	bool (*when)(const struct doctor *d, unsigned int n);
	bool (*holds)(const struct doctor *d, u64 value, unsigned int n);
	enum doctor_guest guest; /* it is broken with this one */
	const struct doctor_change *broken_by; /* ends with DOCTOR_END */
};

struct doctor_finding {
	const struct doctor_rule *rule;
	unsigned int n; /* of rule->registers */
	enum doctor_verdict verdict;
	u64 value; /* of doctor_field() */
};

/* The field that a finding, or rule @rule for register @n, is about. */
enum vmcs_field doctor_field(const struct doctor_rule *rule, unsigned int n);

/* Calls @tell for each rule that is violated; returns the verdict. */
enum doctor_verdict doctor_examine(
	const struct doctor *d,
	void (*tell)(const struct doctor_finding *finding, void *context),
	void *context);

/* "invalid control field(s)" and so on. */
const char *doctor_verdict_name(enum doctor_verdict verdict);

/* All rules; a chapter's end with one whose holds is NULL. */
struct doctor_chapter {
	enum doctor_verdict verdict;
	const struct doctor_rule *rules;
};

#define DOCTOR_CHAPTERS 6
extern const struct doctor_chapter doctor_chapters[DOCTOR_CHAPTERS];

/* Turns the self-test's VMCS into the guest's; ends with DOCTOR_END. */
extern const struct doctor_change *const doctor_guests[DOCTOR_GUESTS];

/*
 * What @change makes of @value, its field's: the same where there is nothing
 * to change (no such control, say). @hpa: where POINT_AT's value points.
 */
u64 doctor_changed(const struct doctor *d, const struct doctor_change *change,
		   u64 value, hpa_t hpa);

#endif
