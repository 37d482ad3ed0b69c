/* SPDX-License-Identifier: MIT */
#include "arch/x86/msr.h"
#include "vmx/doctor/rules.h"

bool doctor_injects_interrupt(const struct doctor *d, unsigned int n)
{
	return injects(d, INTR_EXTERNAL);
}

bool doctor_is_canonical(const struct doctor *d, u64 value, unsigned int n)
{
	return (u64)((s64)(value << 16) >> 16) == value;
}

bool doctor_is_page(const struct doctor *d, u64 value, unsigned int n)
{
	return !(value & ~PAGE_MASK) && in_width(d, value);
}

bool doctor_in_width(const struct doctor *d, u64 value, unsigned int n)
{
	return in_width(d, value);
}

bool doctor_is_pat(const struct doctor *d, u64 value, unsigned int n)
{
	return pat_is_valid(value);
}

bool doctor_efer_bits(const struct doctor *d, u64 value, unsigned int n)
{
	return !(value & ~d->efer);
}

/* --- MSR loading, 26.4 ------------------------------------------------------ */

#define MSR_AREA_ENTRY 16 /* bytes: the index, 32 reserved bits, the value */
#define MSR_FS_BASE 0xc0000100U
#define MSR_GS_BASE 0xc0000101U

/* An area that is not aligned has broken another rule. */
static bool area_readable(const struct doctor *d, unsigned int n)
{
	return !(d->read(d, VMCS_VM_ENTRY_MSR_LOAD_ADDRESS) &
		 (MSR_AREA_ENTRY - 1));
}

static bool entries_can_be_loaded(const struct doctor *d, u64 address,
				  unsigned int n)
{
	u64 count = d->read(d, VMCS_VM_ENTRY_MSR_LOAD_COUNT);

	for (u64 i = 0; i < count; i++) {
		u64 index = d->read_memory(d, address + i * MSR_AREA_ENTRY);

		if (index >> 32 || index == MSR_FS_BASE || index == MSR_GS_BASE)
			return false;
	}
	return true;
}

static const u64 fs_base_area[2]
	__attribute__((aligned(MSR_AREA_ENTRY))) = { MSR_FS_BASE };

const struct doctor_rule doctor_msr_rules[] = {
	{ "26.4", VMCS_VM_ENTRY_MSR_LOAD_ADDRESS,
	  .expected = "each entry's bits 63:32 are 0, and it is neither "
		      "IA32_FS_BASE nor IA32_GS_BASE",
	  .when = area_readable, .holds = entries_can_be_loaded,
	  BROKEN_BY(CHANGE(SET, VM_ENTRY_MSR_LOAD_COUNT, 1),
		    CHANGE(POINT_AT, VM_ENTRY_MSR_LOAD_ADDRESS,
			   (uintptr_t)fs_base_area)) },
	{ 0 },
};

/* --- The examination -------------------------------------------------------- */

const struct doctor_chapter doctor_chapters[DOCTOR_CHAPTERS] = {
	{ DOCTOR_CONTROLS, doctor_control_rules },
	{ DOCTOR_HOST, doctor_host_rules },
	{ DOCTOR_GUEST, doctor_guest_rules },
	{ DOCTOR_GUEST, doctor_segment_rules },
	{ DOCTOR_GUEST, doctor_state_rules },
	{ DOCTOR_MSR_LOADING, doctor_msr_rules },
};

enum vmcs_field doctor_field(const struct doctor_rule *rule, unsigned int n)
{
	return rule->field + 2 * n;
}

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

static bool violated(const struct doctor *d, const struct doctor_rule *rule,
		     unsigned int n, struct doctor_finding *finding)
{
	if (rule->when && !rule->when(d, n))
		return false;
	finding->rule = rule;
	finding->n = n;
	finding->value = d->read(d, doctor_field(rule, n));
	return !rule->holds(d, finding->value, n);
}

enum doctor_verdict doctor_examine(
	const struct doctor *d,
	void (*tell)(const struct doctor_finding *finding, void *context),
	void *context)
{
	enum doctor_verdict verdict = DOCTOR_GOOD;

	for (int i = 0; i < DOCTOR_CHAPTERS; i++) {
		const struct doctor_chapter *c = &doctor_chapters[i];

		for (const struct doctor_rule *r = c->rules; r->holds; r++) {
			u32 left = r->registers ? r->registers : 1;

			for (unsigned int n = 0; left; n++, left >>= 1) {
				struct doctor_finding finding;

				if (!(left & 1) || !violated(d, r, n, &finding))
					continue;
				finding.verdict = c->verdict;
				tell(&finding, context);
				if (!verdict)
					verdict = c->verdict;
			}
		}
	}
	return verdict;
}

/* --- Changes ---------------------------------------------------------------- */

/* Not constant: that would be a page of the image. */
u8 doctor_zero_page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

/* An LDT with nothing in it, for the rules of a usable LDTR. */
static const struct doctor_change guest_long[] = {
	CHANGE(SET, GUEST_LDTR_ACCESS_RIGHTS, 0x82),
	CHANGE(SET, GUEST_LDTR_LIMIT, 0xffff),
	{ 0 },
};

/* Four PDPTEs that are not present. */
static const struct doctor_change guest_pae[] = {
	CHANGE(CLEAR, VM_ENTRY_CONTROLS, ENTRY_IA32E_MODE_GUEST),
	CHANGE(SET, VM_ENTRY_MSR_LOAD_COUNT, 0),
	CHANGE(CLEAR, GUEST_IA32_EFER, EFER_LME | EFER_LMA),
	CHANGE(CLEAR, GUEST_CS_ACCESS_RIGHTS, BIT(13)),
	CHANGE(POINT_AT, GUEST_CR3, (uintptr_t)doctor_zero_page),
	{ 0 },
};

#define V86_SEGMENT(name)                                                      \
	CHANGE(SET, GUEST_##name##_SELECTOR, 0),                               \
		CHANGE(SET, GUEST_##name##_BASE, 0),                           \
		CHANGE(SET, GUEST_##name##_LIMIT, 0xffff),                     \
		CHANGE(SET, GUEST_##name##_ACCESS_RIGHTS, 0xf3)

static const struct doctor_change guest_v86_changes[] = {
	CHANGE(CLEAR, VM_ENTRY_CONTROLS, ENTRY_IA32E_MODE_GUEST),
	CHANGE(SET, VM_ENTRY_MSR_LOAD_COUNT, 0),
	CHANGE(CLEAR, GUEST_IA32_EFER, EFER_LME | EFER_LMA),
	CHANGE(CLEAR, GUEST_CR4, CR4_PAE),
	CHANGE(OR, GUEST_RFLAGS, RFLAGS_VM),
	V86_SEGMENT(ES),
	V86_SEGMENT(CS),
	V86_SEGMENT(SS),
	V86_SEGMENT(DS),
	V86_SEGMENT(FS),
	V86_SEGMENT(GS),
	{ 0 },
};

const struct doctor_change *const doctor_guests[DOCTOR_GUESTS] = {
	[DOCTOR_GUEST_64] = guest_long,
	[DOCTOR_GUEST_PAE] = guest_pae,
	[DOCTOR_GUEST_V86] = guest_v86_changes,
};

static u64 capability(const struct doctor *d, enum vmcs_field field)
{
	for (int set = 0; set < CONTROL_SETS; set++)
		if (control_tables[set].field == field)
			return d->capabilities->allowed[set];
	return ~0ULL << 32;
}

u64 doctor_changed(const struct doctor *d, const struct doctor_change *change,
		   u64 value, hpa_t hpa)
{
	u64 allowed = capability(d, change->field);
	u32 forbidden = ~(allowed >> 32), required = allowed;

	switch (change->op) {
	case DOCTOR_SET:
		return change->value;
	case DOCTOR_OR:
		return value | change->value;
	case DOCTOR_CLEAR:
		return value & ~change->value;
	case DOCTOR_POINT_AT:
		return hpa;
	case DOCTOR_POINT_AT_VMCS:
		return d->vmcs;
	case DOCTOR_BEYOND:
		return value | BIT(d->maxphyaddr);
	case DOCTOR_FORBIDDEN:
		return forbidden ? value | BIT(31 - __builtin_clz(forbidden))
				 : value;
	case DOCTOR_REQUIRED:
		return value & ~(u64)(required & -required);
	case DOCTOR_END:
		break;
	}
	return value;
}
