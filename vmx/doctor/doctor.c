/* SPDX-License-Identifier: MIT */
#include "vmx/doctor/rules.h"

#define REGISTERS_MAX 8 /* Maximum number of registers of a rule */

/* All rules; a chapter ends with a rule without a section. */
static const struct {
	enum doctor_verdict verdict;
	const struct doctor_rule *rules;
} chapters[] = {
	{ DOCTOR_CONTROLS, doctor_control_rules },
	{ DOCTOR_HOST, doctor_host_rules },
	{ DOCTOR_GUEST, doctor_guest_rules },
	{ DOCTOR_GUEST, doctor_segment_rules },
	{ DOCTOR_GUEST, doctor_state_rules },
	{ DOCTOR_MSR_LOADING, doctor_msr_rules },
};

const char *doctor_verdict_name(enum doctor_verdict verdict)
{
	static const char *const names[DOCTOR_VERDICTS] = {
		[DOCTOR_GOOD] = "nothing wrong",
		[DOCTOR_CONTROLS] = "invalid control field(s)",
		[DOCTOR_HOST] = "invalid host-state field(s)",
		[DOCTOR_GUEST] = "invalid guest state",
		[DOCTOR_MSR_LOADING] = "MSR loading",
	};

	return names[verdict];
}

static bool has_register(const struct doctor_rule *rule, unsigned int n)
{
	return rule->registers ? rule->registers & BIT(n) : n == 0;
}

bool doctor_next(struct doctor_finding *f)
{
	if (f->rule)
		f->n++;
	else
		f->rule = chapters[0].rules;
	for (;;) {
		for (; f->n < REGISTERS_MAX; f->n++)
			if (has_register(f->rule, f->n)) {
				f->verdict = chapters[f->chapter].verdict;
				return true;
			}
		f->n = 0;
		f->rule++;
		if (f->rule->section)
			continue;
		if (++f->chapter == ARRAY_SIZE(chapters))
			return false;
		f->rule = chapters[f->chapter].rules;
	}
}

struct doctor_fixed doctor_fixed(const struct doctor *d, enum vmcs_field field)
{
	const struct vmx_capabilities *c = d->capabilities;
	struct doctor_fixed fixed = { 0 };

	switch (field) {
	case VMCS_HOST_CR0:
	case VMCS_GUEST_CR0:
		return (struct doctor_fixed){ c->cr0_fixed0, c->cr0_fixed1 };
	case VMCS_HOST_CR4:
	case VMCS_GUEST_CR4:
		return (struct doctor_fixed){ c->cr4_fixed0, c->cr4_fixed1 };
	case VMCS_HOST_IA32_EFER:
	case VMCS_GUEST_IA32_EFER:
		fixed.may_be_1 = d->efer;
		return fixed;
	default:
		for (int set = 0; set < CONTROL_SETS; set++)
			if (control_tables[set].field == field) {
				fixed.must_be_1 = (u32)c->allowed[set];
				fixed.may_be_1 = c->allowed[set] >> 32;
			}
		return fixed;
	}
}

bool doctor_is_true(const struct doctor *d, const struct doctor_bits *bits)
{
	bool equal = (d->read(d, bits->field) & bits->mask) == bits->equal;

	return equal == (bits->how == BITS_ARE);
}

static bool is_fixed(const struct doctor *d, enum vmcs_field field, u64 value)
{
	struct doctor_fixed fixed = doctor_fixed(d, field);

	return !(fixed.must_be_1 & ~value) && !(value & ~fixed.may_be_1);
}

static bool is_canonical(const struct doctor *d, u64 value)
{
	int unused = 64 - d->linear_bits;

	return (u64)((s64)(value << unused) >> unused) == value;
}

static bool holds(const struct doctor *d, const struct doctor_rule *rule,
		  unsigned int n, u64 value)
{
	switch ((enum doctor_check)rule->check) {
	case CHECK_BITS:
		return (value & rule->mask) == rule->equal;
	case CHECK_NOT:
		return (value & rule->mask) != rule->equal;
	case CHECK_FIXED:
		return is_fixed(d, doctor_field(rule, n), value);
	case CHECK_TYPE:
		return rule->mask & BIT(AR_TYPE(value));
	case CHECK_CANONICAL:
		return is_canonical(d, value);
	case CHECK_PAGE:
		return doctor_is_page(d, value);
	case CHECK_WIDTH:
		return doctor_in_width(d, value);
	case CHECK_FUNCTION:
		return rule->holds(d, value, n);
	}
	return false;
}

/* Returns true for a v86 guest: RFLAGS.VM in IA-32e mode has another rule. */
static bool is_v86(const struct doctor *d)
{
	return (d->read(d, VMCS_GUEST_RFLAGS) & RFLAGS_VM) &&
	       !(d->read(d, VMCS_VM_ENTRY_CONTROLS) & ENTRY_IA32E_MODE_GUEST);
}

/* Returns true if the segment is usable: CS and TR always are (24.4.1). */
static bool is_usable(const struct doctor *d, unsigned int segment)
{
	u64 rights = d->read(d, VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * segment);

	return segment == SEG_CS || segment == TR || !(rights & AR_UNUSABLE);
}

static bool applies(const struct doctor *d, const struct doctor_rule *rule,
		    unsigned int n)
{
	for (int i = 0; i < DOCTOR_CONDITIONS; i++)
		if (!doctor_is_true(d, &rule->when[i]))
			return false;
	if ((rule->segment & DOCTOR_IF_V86) && !is_v86(d))
		return false;
	if ((rule->segment & DOCTOR_UNLESS_V86) && n < LDTR && is_v86(d))
		return false;
	return !(rule->segment & DOCTOR_IF_USABLE) || is_usable(d, n);
}

enum doctor_verdict doctor_examine(
	const struct doctor *d,
	void (*tell)(const struct doctor_finding *finding, void *context),
	void *context)
{
	enum doctor_verdict verdict = DOCTOR_GOOD;
	struct doctor_finding f = { 0 };

	while (doctor_next(&f)) {
		if (!applies(d, f.rule, f.n))
			continue;
		f.value = d->read(d, doctor_field(f.rule, f.n));
		if (holds(d, f.rule, f.n, f.value))
			continue;
		tell(&f, context);
		if (!verdict)
			verdict = f.verdict;
	}
	return verdict;
}
