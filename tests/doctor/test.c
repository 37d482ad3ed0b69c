/* SPDX-License-Identifier: MIT */
#include "arch/x86/apic.h"
#include "arch/x86/cpu.h"
#include "arch/x86/paging.h"
#include "arch/x86/time.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "tests/doctor/break.h"
#include "vmx/doctor/test.h"
#include "vmx/doctor/entry_check.h"
#include "vmx/exit_reasons.h"
#include "vmx/start/selftest.h"
#include "vmx/vcpu.h"
#include "vmx/report/words.h"

/* A guest that an entry leaves halted is woken after that time, in ns. */
#define WAKE_NS 1000000

#define ERROR_CONTROLS 7
#define ERROR_HOST 8

struct tally {
	u32 tried, skipped, different;
};

/* The VMCS to restore, field by field. */
static u64 good[VMCS_FIELD_COUNT];

static void save_vmcs(void)
{
	for (size_t i = 0; i < VMCS_FIELD_COUNT; i++)
		vmread_safe(vmcs_fields[i].encoding, &good[i]);
}

static void write_field(enum vmcs_field field, u64 value)
{
	vmwrite_safe(field, value);
}

static hpa_t address_of(const void *object)
{
	return virt_to_phys(object);
}

static struct breaker machine_breaker(const struct vcpu *vcpu)
{
	return (struct breaker){ entry_doctor(vcpu->vmcs), write_field,
				 address_of };
}

/* A field that can't be written has not been changed. */
static void restore_vmcs(void)
{
	for (size_t i = 0; i < VMCS_FIELD_COUNT; i++)
		vmwrite_safe(vmcs_fields[i].encoding, good[i]);
}

/* Returns the processor's verdict, and its words in @words. */
static enum doctor_verdict try_entry(struct vcpu *vcpu, char *words)
{
	struct cpu_regs regs = vcpu->regs;
	u64 host_rsp = 0; /* restore_vmcs() has written the field */
	bool exited;
	u32 number;

	apic_timer_arm(time_ns_to_tsc(time_ns() + WAKE_NS));
	exited = vmx_enter(&regs, vcpu->launched, &host_rsp);
	number = vmread(exited ? VMCS_EXIT_REASON : VMCS_VM_INSTRUCTION_ERROR);
	apic_timer_disarm();
	cpu_take_interrupts();
	snprintf(words, LOG_LINE_MAX, "%s %u, %s",
		 exited ? "exit reason" : "VM-instruction error",
		 number & (u32)EXIT_REASON_BASIC,
		 exited ? vmx_exit_name(vmx_exit_reason(number))
			: vmx_instruction_error_text(number));
	if (exited && !(number & EXIT_REASON_ENTRY_FAILURE)) {
		vcpu->launched = true;
		return DOCTOR_GOOD;
	}
	switch (number & EXIT_REASON_BASIC) {
	case ERROR_CONTROLS:
		return DOCTOR_CONTROLS;
	case ERROR_HOST:
		return DOCTOR_HOST;
	case EXIT_INVALID_GUEST_STATE:
		return DOCTOR_GUEST;
	case EXIT_MSR_LOADING:
		return DOCTOR_MSR_LOADING;
	default:
		return DOCTOR_VERDICTS; /* no verdict that exists */
	}
}

/* Enters, and logs @what and both verdicts if they differ. */
static void compare_verdicts(struct vcpu *vcpu, struct tally *tally,
			     const char *what, enum doctor_verdict expected)
{
	char words[LOG_LINE_MAX];

	tally->tried++;
	if (try_entry(vcpu, words) == expected)
		return;
	tally->different++;
	log_info("doctor-test: differs: %s; doctor: %s; processor: %s", what,
		 doctor_verdict_name(expected), words);
}

static void count_finding(const struct doctor_finding *finding, void *context)
{
	u32 *count = context;

	++*count;
}

/* Returns true if the doctor has @verdict, and for one rule alone. */
static bool is_only_finding(const struct doctor *d, enum doctor_verdict verdict)
{
	u32 count = 0;

	return doctor_examine(d, count_finding, &count) == verdict &&
	       count == 1;
}

static void try_rule(struct vcpu *vcpu, const struct doctor_finding *f,
		     struct tally *tally)
{
	struct breaker b = machine_breaker(vcpu);
	char what[LOG_LINE_MAX];

	restore_vmcs();
	doctor_break(&b, f->rule, f->n);
	if (!is_only_finding(&b.doctor, f->verdict)) {
		tally->skipped++;
		return;
	}
	snprintf(what, sizeof(what), "%s %s (%s)", f->rule->section,
		 vmcs_field_name(doctor_field(f->rule, f->n)),
		 f->rule->expected);
	compare_verdicts(vcpu, tally, what, f->verdict);
}

/* The guests that are broken must be good at first. */
static void try_guests(struct vcpu *vcpu, struct tally *tally)
{
	static const char *const names[DOCTOR_GUESTS] = {
		[DOCTOR_GUEST_64] = "the 64-bit guest",
		[DOCTOR_GUEST_PAE] = "the PAE guest",
		[DOCTOR_GUEST_V86] = "the virtual-8086 guest",
	};
	struct breaker b = machine_breaker(vcpu);

	for (int i = 0; i < DOCTOR_GUESTS; i++) {
		restore_vmcs();
		doctor_make_guest(&b, i);
		compare_verdicts(vcpu, tally, names[i],
				 entry_check(vcpu->vmcs));
	}
}

/* Makes one entry fail, to show the user the report of a failure. */
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
	struct doctor_finding f = { 0 };
	struct tally tally = { 0 };

	if (!vcpu)
		return 1;
	save_vmcs();
	try_guests(vcpu, &tally);
	while (doctor_next(&f))
		try_rule(vcpu, &f, &tally);
	show_failure(vcpu);
	log_info("doctor-test: %u entries tried, %u different; %u rules can't "
		 "be broken here",
		 tally.tried, tally.different, tally.skipped);
	return tally.different;
}
