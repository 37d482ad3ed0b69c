/* SPDX-License-Identifier: MIT */
/*
 * The entry doctor: the checks that a processor makes at a VM entry (SDM vol.
 * 3C, 26.2, 26.3.1 and 26.4), made in software, since the processor says no
 * more than "invalid control field(s)" or "invalid guest state". A rule is
 * data: its conditions, and the demand on its field. The tests derive from it
 * how it can be broken (tests/doctor/): the unit test breaks each rule, and the
 * image umbra-doctor.elf does so on the machine and compares the doctor's
 * verdict with the processor's.
 *
 * There are no rules for controls that Umbra never sets; the unit test names
 * each control beside the manual's checks that need it.
 *
 * Pure: the VMCS and memory are seen through the functions of struct doctor.
 */
#ifndef VMX_DOCTOR_DOCTOR_H
#define VMX_DOCTOR_DOCTOR_H

#include "lib/types.h"
#include "vmx/controls.h"

/* The processor's answer to a VM entry; the first that applies. */
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
	hpa_t vmcs; /* the address of the VMCS */
	u8 maxphyaddr;
	u8 linear_bits; /* width of a linear address: 48 or 57 */
};

/*
 * The guests to break rules with: the self-test's, with a usable LDTR; the
 * same without IA-32e mode, with PAE paging; and a virtual-8086 guest.
 */
enum doctor_guest {
	DOCTOR_GUEST_64,
	DOCTOR_GUEST_PAE,
	DOCTOR_GUEST_V86,
	DOCTOR_GUESTS
};

enum doctor_how {
	BITS_ARE, /* (field & mask) == equal */
	BITS_ARE_NOT, /* (field & mask) != equal */
	BITS_POINT_AT, /* the field is the address of the object at equal */
	BITS_POINT_AT_VMCS
};

/*
 * Bits of a field: a condition, or a write that makes it true. All 0 is a
 * condition that is always true.
 */
struct doctor_bits {
	u64 mask, equal;
	u16 field; /* 0 ends a list of writes */
	u8 how; /* enum doctor_how */
};

enum doctor_check {
	CHECK_BITS, /* (value & mask) == equal */
	CHECK_NOT, /* (value & mask) != equal */
	CHECK_FIXED, /* as the capability MSRs have it, or as EFER is */
	CHECK_TYPE, /* a segment's type is one of those in mask */
	CHECK_CANONICAL,
	CHECK_PAGE, /* bits 11:0 are 0, and the address is within MAXPHYADDR */
	CHECK_WIDTH, /* within MAXPHYADDR */
	CHECK_FUNCTION /* holds(); a value with equal in mask breaks the rule */
};

/* For rules of segments; the register is number n from ES on. */
#define DOCTOR_IF_V86 BIT(0)
#define DOCTOR_UNLESS_V86 BIT(1) /* LDTR and TR are the same in all modes */
#define DOCTOR_IF_USABLE BIT(2)

#define DOCTOR_CONDITIONS 3 /* Maximum number of conditions of a rule */

struct doctor_rule {
	const char *section; /* of the SDM, vol. 3C */
	const char *expected;
	u16 field;
	/*
	 * Bit n is set: the rule holds for the field 2 * n after that one,
	 * which is the same field of register n. 0: the rule holds for that
	 * field alone, n is 0.
	 */
	u8 registers;
	u8 check; /* enum doctor_check */
	u8 segment; /* DOCTOR_IF_V86 and so on */
	u8 guest; /* enum doctor_guest: the rule is broken with this one */
	u64 mask, equal;
	bool (*holds)(const struct doctor *d, u64 value, unsigned int n);
	struct doctor_bits when[DOCTOR_CONDITIONS];
	/*
	 * To break this rule alone, it is not enough to make the conditions
	 * true: also write to the fields 2 * n after these. NULL: it is enough.
	 */
	const struct doctor_bits *also;
};

/* A rule, for one of its registers, and the value that violates it. */
struct doctor_finding {
	const struct doctor_rule *rule;
	unsigned int n; /* of rule->registers */
	unsigned int chapter;
	enum doctor_verdict verdict;
	u64 value; /* of doctor_field() */
};

/* The field that rule @rule is about, for register @n. */
static inline enum vmcs_field doctor_field(const struct doctor_rule *rule,
					   unsigned int n)
{
	return rule->field + 2 * n;
}

/*
 * Moves to the next rule, register by register; from all zeroes to the first.
 * Returns false after the last.
 */
bool doctor_next(struct doctor_finding *f);

/*
 * Calls @tell for each rule that is violated. Returns the first one's verdict.
 */
enum doctor_verdict doctor_examine(
	const struct doctor *d,
	void (*tell)(const struct doctor_finding *finding, void *context),
	void *context);

/* Returns the verdict's words: "invalid control field(s)" and so on. */
const char *doctor_verdict_name(enum doctor_verdict verdict);

/* The bits of a field that must be 1, and the bits that may be 1. */
struct doctor_fixed {
	u64 must_be_1, may_be_1;
};

/* Returns them for a control field, CR0, CR4 or EFER; all 0 for others. */
struct doctor_fixed doctor_fixed(const struct doctor *d, enum vmcs_field field);

#endif
