/* SPDX-License-Identifier: MIT */
#include "tests/doctor/break.h"
#include "vmx/doctor/rules.h"

#define LEAVE_IA32E                                                            \
	NOT_IA32E, IS(VM_ENTRY_MSR_LOAD_COUNT, 0),                             \
		LACKS(GUEST_IA32_EFER, EFER_LME | EFER_LMA)
#define V86_SEGMENT(name)                                                      \
	IS(GUEST_##name##_SELECTOR, 0), IS(GUEST_##name##_BASE, 0),            \
		IS(GUEST_##name##_LIMIT, 0xffff),                              \
		IS(GUEST_##name##_ACCESS_RIGHTS, 0xf3)

static const struct doctor_bits *const guests[DOCTOR_GUESTS] = {
	/* An LDT with nothing in it, for the rules of a usable LDTR. */
	[DOCTOR_GUEST_64] = LIST(IS(GUEST_LDTR_ACCESS_RIGHTS, AR_P | AR_LDT),
				 IS(GUEST_LDTR_LIMIT, 0xffff)),
	[DOCTOR_GUEST_PAE] = LIST(LEAVE_IA32E,
				  LACKS(GUEST_CS_ACCESS_RIGHTS, AR_L),
				  POINTS_AT(GUEST_CR3, doctor_pdptes)),
	[DOCTOR_GUEST_V86] = LIST(LEAVE_IA32E, LACKS(GUEST_CR4, CR4_PAE),
				  HAS(GUEST_RFLAGS, RFLAGS_VM), V86_SEGMENT(ES),
				  V86_SEGMENT(CS), V86_SEGMENT(SS),
				  V86_SEGMENT(DS), V86_SEGMENT(FS),
				  V86_SEGMENT(GS)),
};

static u64 lowest_bit(u64 bits)
{
	return bits & -bits;
}

static u64 highest_bit(u64 bits)
{
	return bits ? BIT(63 - __builtin_clzll(bits)) : 0;
}

/* Writes field number @n from the one of @bits on, so that @bits is true. */
static void make_true(const struct breaker *b, const struct doctor_bits *bits,
		      unsigned int n)
{
	const struct doctor *d = &b->doctor;
	enum vmcs_field field = bits->field + 2 * n;
	u64 value = (d->read(d, field) & ~bits->mask) | bits->equal;

	switch ((enum doctor_how)bits->how) {
	case BITS_ARE:
		break;
	case BITS_ARE_NOT:
		value ^= highest_bit(bits->mask);
		break;
	case BITS_POINT_AT:
		value = b->address_of((const void *)bits->equal);
		break;
	case BITS_POINT_AT_VMCS:
		value = d->vmcs;
		break;
	}
	b->write(field, value);
}

static void make_all_true(const struct breaker *b,
			  const struct doctor_bits *list, unsigned int n)
{
	for (; list && list->field; list++)
		make_true(b, list, n);
}

void doctor_make_guest(const struct breaker *b, enum doctor_guest guest)
{
	make_all_true(b, guests[guest], 0);
}

static u64 bad_value(const struct doctor *d, const struct doctor_rule *rule,
		     unsigned int n)
{
	u64 value = d->read(d, doctor_field(rule, n));
	struct doctor_fixed fixed = doctor_fixed(d, doctor_field(rule, n));

	switch ((enum doctor_check)rule->check) {
	case CHECK_BITS:
		return (value & ~rule->mask) |
		       (rule->equal ^ lowest_bit(rule->mask));
	case CHECK_FIXED:
		/* In some fields no bit must be 1. */
		return fixed.must_be_1
			       ? value & ~lowest_bit(fixed.must_be_1)
			       : value | highest_bit((u32)~fixed.may_be_1);
	case CHECK_TYPE:
		return value ^ AR_ACCESSED;
	case CHECK_CANONICAL:
		return BIT(d->linear_bits - 1);
	case CHECK_PAGE:
		return value | PAGE_SIZE / 2;
	case CHECK_WIDTH:
		return value | BIT(d->maxphyaddr);
	case CHECK_NOT:
	case CHECK_FUNCTION:
		break;
	}
	return (value & ~rule->mask) | rule->equal;
}

void doctor_break(const struct breaker *b, const struct doctor_rule *rule,
		  unsigned int n)
{
	const struct doctor *d = &b->doctor;

	doctor_make_guest(b, rule->guest);
	make_all_true(b, rule->also, n);
	for (int i = 0; i < DOCTOR_CONDITIONS; i++)
		if (!doctor_is_true(d, &rule->when[i]))
			make_true(b, &rule->when[i], 0);
	b->write(doctor_field(rule, n), bad_value(d, rule, n));
}
