/* SPDX-License-Identifier: MIT */
#include "arch/x86/apic.h"
#include "arch/x86/cpu.h"
#include "arch/x86/paging.h"
#include "arch/x86/time.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "vmx/doctor/test.h"
#include "vmx/doctor/entry_check.h"
#include "vmx/exit_reasons.h"
#include "vmx/selftest.h"
#include "vmx/vcpu.h"
#include "vmx/report/words.h"

/* A guest that an entry leaves halted is woken after that time, in ns. */
#define WAKE_NS 1000000

#define ERROR_CONTROLS 7
#define ERROR_HOST 8

/* One entry's outcome. */
struct attempt {
	enum doctor_verdict verdict;
	bool exited; /* number is the exit reason, else the instruction error */
	u32 number;
};

struct tally {
	u32 tried, skipped, different;
};

/* What there is to come back to, field by field. */
static u64 good[VMCS_FIELD_COUNT];

static void save_vmcs(void)
{
	for (size_t i = 0; i < VMCS_FIELD_COUNT; i++)
		vmread_safe(vmcs_fields[i].encoding, &good[i]);
}

/* What can't be written has not been changed. */
static void restore_vmcs(void)
{
	for (size_t i = 0; i < VMCS_FIELD_COUNT; i++)
		vmwrite_safe(vmcs_fields[i].encoding, good[i]);
}

/* False: nothing has changed, so nothing is broken. */
static bool apply(const struct doctor *d, const struct doctor_change *change,
		  unsigned int n)
{
	bool changed = false;

	for (; change->op != DOCTOR_END; change++) {
		enum vmcs_field field =
			change->field + (change->each ? 2 * n : 0);
		hpa_t hpa = change->op == DOCTOR_POINT_AT
				    ? virt_to_phys((const void *)change->value)
				    : 0;
		u64 old = 0, new;

		vmread_safe(field, &old);
		new = doctor_changed(d, change, old, hpa);
		changed |= vmwrite_safe(field, new) && new != old;
	}
	return changed;
}

static struct attempt enter(struct vcpu *vcpu)
{
	struct cpu_regs regs = vcpu->regs;
	struct attempt a = { .exited = true };

	apic_timer_arm(time_ns_to_tsc(time_ns() + WAKE_NS));
	if (vmx_enter(&regs, vcpu->launched)) {
		a.number = vmread(VMCS_EXIT_REASON);
		if (a.number ==
		    (EXIT_REASON_ENTRY_FAILURE | EXIT_INVALID_GUEST_STATE))
			a.verdict = DOCTOR_GUEST;
		else if (a.number ==
			 (EXIT_REASON_ENTRY_FAILURE | EXIT_MSR_LOADING))
			a.verdict = DOCTOR_MSR_LOADING;
		else if (a.number & EXIT_REASON_ENTRY_FAILURE)
			a.verdict = DOCTOR_VERDICTS; /* none that there is */
		else
			vcpu->launched = true;
	} else {
		a.exited = false;
		a.number = vmread(VMCS_VM_INSTRUCTION_ERROR);
		a.verdict = a.number == ERROR_CONTROLS ? DOCTOR_CONTROLS
			    : a.number == ERROR_HOST   ? DOCTOR_HOST
						       : DOCTOR_VERDICTS;
	}
	apic_timer_disarm();
	cpu_take_interrupts();
	return a;
}

static void print_attempt(const char *what, const char *expected,
			  const struct attempt *a)
{
	if (a->exited)
		log_info("doctor-test: differs: %s; doctor: %s; processor: "
			 "exit reason 0x%x, %s",
			 what, expected, a->number, vmx_exit_name(a->number));
	else
		log_info("doctor-test: differs: %s; doctor: %s; processor: "
			 "VM-instruction error %u",
			 what, expected, a->number);
}

static void count_finding(const struct doctor_finding *finding, void *context)
{
	u32 *count = context;

	++*count;
}

/* Is the VMCS such that this rule alone is violated? */
static bool alone(const struct doctor *d, enum doctor_verdict verdict)
{
	u32 count = 0;

	return doctor_examine(d, count_finding, &count) == verdict &&
	       count == 1;
}

static void try_rule(struct vcpu *vcpu, const struct doctor_chapter *chapter,
		     const struct doctor_rule *rule, unsigned int n,
		     struct tally *tally)
{
	struct doctor d = entry_doctor(vcpu->vmcs);
	struct attempt a;
	char what[LOG_LINE_MAX];

	restore_vmcs();
	apply(&d, doctor_guests[rule->guest], n);
	if (!apply(&d, rule->broken_by, n) || !alone(&d, chapter->verdict)) {
		tally->skipped++;
		return;
	}
	tally->tried++;
	a = enter(vcpu);
	if (a.verdict == chapter->verdict)
		return;
	tally->different++;
	snprintf(what, sizeof(what), "%s %s (%s)", rule->section,
		 vmcs_field_name(doctor_field(rule, n)), rule->expected);
	print_attempt(what, doctor_verdict_name(chapter->verdict), &a);
}

/* The guests that are to be broken must be good. */
static void try_guests(struct vcpu *vcpu, struct tally *tally)
{
	static const char *const names[DOCTOR_GUESTS] = {
		[DOCTOR_GUEST_64] = "the 64-bit guest",
		[DOCTOR_GUEST_PAE] = "the PAE guest",
		[DOCTOR_GUEST_V86] = "the virtual-8086 guest",
	};
	struct doctor d = entry_doctor(vcpu->vmcs);

	for (int i = 0; i < DOCTOR_GUESTS; i++) {
		enum doctor_verdict verdict;
		struct attempt a;

		restore_vmcs();
		apply(&d, doctor_guests[i], 0);
		verdict = entry_check(vcpu->vmcs);
		a = enter(vcpu);
		tally->tried++;
		if (!verdict && !a.verdict)
			continue;
		tally->different++;
		print_attempt(names[i], doctor_verdict_name(verdict), &a);
	}
}

/* How a failed entry is reported, for the user to see, once. */
static void show_failure(struct vcpu *vcpu)
{
	restore_vmcs();
	vmwrite(VMCS_GUEST_RFLAGS, 0);
	log_info("doctor-test: this is how a failed entry is reported:");
	vcpu_enter(vcpu);
	restore_vmcs();
}

int doctor_test_run(void)
{
	struct vcpu *vcpu = selftest_vcpu();
	struct tally tally = { 0 };

	if (!vcpu)
		return 1;
	save_vmcs();
	try_guests(vcpu, &tally);
	for (int i = 0; i < DOCTOR_CHAPTERS; i++) {
		const struct doctor_chapter *c = &doctor_chapters[i];

		for (const struct doctor_rule *r = c->rules; r->holds; r++) {
			u32 left = r->registers ? r->registers : 1;

			for (unsigned int n = 0; left; n++, left >>= 1)
				if (left & 1)
					try_rule(vcpu, c, r, n, &tally);
		}
	}
	show_failure(vcpu);
	log_info("doctor-test: %u entries tried, %u different; %u rules can't "
		 "be broken here",
		 tally.tried, tally.different, tally.skipped);
	return tally.different;
}
