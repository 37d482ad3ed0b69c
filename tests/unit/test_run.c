/* SPDX-License-Identifier: MIT */
/*
 * The run loop, on a VMCS that is an array: the exceptions that exit, the
 * fields that are written before an entry and read after an exit, the order of
 * the loop's calls, and its end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "fake_processor.h"
#include "log_checks.h"

/* The log goes to a text, and a panic back to the test. */
#define log_info log_to_text
#define panic test_panic
#include "vmx/state.c"
#include "vmx/loop/run.c"
#undef panic
#undef log_info

#define CPU_OTHERS BIT(7) /* a control that the loop leaves as it is */
#define ROOT 0x7000
#define ALWAYS (BIT(VECTOR_DB) | BIT(VECTOR_AC) | BIT(VECTOR_MC))
#define PAGE_FAULT                                                             \
	(VMX_INTR(INTR_HARDWARE_EXCEPTION, VECTOR_PF) | VMX_INTR_ERROR_CODE)
#define TICKS 1000 /* of an entry and its exit */
#define STEPS 256 /* of the text below */

static struct vm vm;
static struct vcpu *const vcpu = &vm.vcpu;
static struct vmx_capabilities capabilities;
static jmp_buf panicked;

/* The answers of the MMU. */
static struct mmu_filter filter;
static struct mmu_targets targets;
static u32 roots; /* number of calls of mmu_root() */
static struct mmu_audit finding;

/* The calls of the loop, in their order: a word for each. */
static char steps[STEPS];

static bool entry_fails;
static u32 entries, examined;
static enum doctor_verdict verdict;
static u64 left_at; /* number of the exit at which the guest ends; 0: none */
static bool canary_dies;
static u32 canary_looks, shown_exits;
static u64 exited_cr3;

static void step(const char *name)
{
	size_t length = strlen(steps);

	assert_true(length + strlen(name) + 1 < STEPS);
	snprintf(steps + length, STEPS - length, "%s ", name);
}

static void assert_steps(const char *names)
{
	assert_string_equal(steps, names);
	steps[0] = '\0';
}

/* --- Around the loop -------------------------------------------------------- */

void test_panic(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_to_text_args(fmt, args);
	va_end(args);
	longjmp(panicked, 1);
}

const struct vmx_capabilities *vmx_capabilities(void)
{
	return &capabilities;
}

hpa_t mmu_root(struct mmu_cpu *cpu)
{
	roots++;
	fake.tsc++;
	cpu->root = (void *)&vm; /* any */
	return ROOT;
}

struct mmu_filter mmu_filter(const struct mmu_cpu *cpu)
{
	return filter;
}

struct mmu_targets mmu_targets(const struct mmu_cpu *cpu)
{
	return targets;
}

void mmu_exited(struct mmu_cpu *cpu, u64 cr3)
{
	exited_cr3 = cr3;
	step("exited");
}

bool mmu_audit(const struct mmu_cpu *cpu, struct mmu_audit *audit)
{
	step("audit");
	*audit = finding;
	return !finding.invariant;
}

bool canary_check(struct canaries *canaries, hpa_t *damaged)
{
	canary_looks++;
	*damaged = 0x1234;
	return !canary_dies;
}

bool vcpu_deliver(struct vcpu *v)
{
	step("deliver");
	fake.tsc++;
	return true;
}

void vcpu_redeliver(struct vcpu *v)
{
	step("redeliver");
}

void step_enter(struct vcpu *v)
{
	step("step_enter");
}

void step_left(struct vcpu *v)
{
	step("step_left");
}

/* The exit has been counted already. */
void vmx_handle_exit(struct vcpu *v)
{
	step("handle");
	if (vm.stats.exits_total == left_at)
		vm_end(&vm, END_GUEST_EXIT, 0);
}

void vm_end(struct vm *v, enum end_reason reason, int status)
{
	v->ended = true;
	v->end_reason = reason;
}

void vm_serve_devices(struct vm *v)
{
	step("serve");
	fake.tsc++;
}

void monitor_exited(struct vm *v)
{
	step("monitor");
}

void gdb_begin(struct vm *v)
{
	step("gdb_begin");
	fake.tsc += TICKS; /* a person has to start it */
}

void gdb_exited(struct vm *v)
{
	step("gdb_exited");
}

void gdb_end(struct vm *v)
{
	step("gdb_end");
}

void vmx_dump(struct vcpu *v)
{
	step("dump");
}

u32 stats_leave_root(struct vm_stats *stats, const struct vmx_exit *exit,
		     u64 now)
{
	/* No look at the devices, no new root and no event came after this. */
	assert_int_equal(now, fake.tsc);
	step("leave");
	return 77;
}

void stats_print(const struct vm *v)
{
	step("stats");
}

void status_show(struct vm *v, u64 now)
{
	assert_int_equal(now, vm.stats.ended_ns);
	step("status");
}

void trace_print(const struct vm *v, u64 wanted, bool events)
{
	shown_exits = (u32)wanted;
	step("trace");
}

void trace_send(struct trace *trace, enum trace_way way,
		struct serial_port *port)
{
	step("send");
}

void text_screen_log(const struct guest_memory *gm, u16 cursor)
{
	step("screen");
}

void apic_timer_disarm(void)
{
	step("disarm");
}

u64 time_ns(void)
{
	return fake.tsc;
}

enum doctor_verdict entry_check(hpa_t vmcs)
{
	examined++;
	step("doctor");
	return verdict;
}

bool vmx_enter(struct cpu_regs *regs, bool launched)
{
	assert_ptr_equal(regs, &vcpu->regs);
	assert_int_equal(launched, vcpu->launched);
	/* All flushes are done. */
	assert_int_equal(vcpu->flush.scope, TLB_NOTHING);
	entries++;
	step("enter");
	fake.tsc += TICKS;
	return !entry_fails;
}

/* --- The guest -------------------------------------------------------------- */

static int set_up(void **state)
{
	memset(&vm, 0, sizeof(vm));
	memset(&fake, 0, sizeof(fake));
	memset(&capabilities, 0, sizeof(capabilities));
	memset(&finding, 0, sizeof(finding));
	filter = (struct mmu_filter){ .intercept = true };
	targets = (struct mmu_targets){ .cr3_store_exits = true };
	vcpu->vm = &vm;
	vcpu->record = &vm.trace.none;
	vm.trace.exit = &vcpu->record;
	vcpu->paging.cr0 = CR0_NE;
	vcpu->controls.value[CONTROLS_CPU] = CPU_OTHERS;
	fake.tsc = 5000;
	fake.vmcs[VMCS_EXIT_REASON] = EXIT_CPUID;
	steps[0] = log_text[0] = '\0';
	entry_fails = canary_dies = false;
	entries = examined = roots = canary_looks = shown_exits = 0;
	verdict = DOCTOR_GOOD;
	left_at = exited_cr3 = 0;
	return 0;
}

static bool cpu_control(u32 control)
{
	u32 field =
		(u32)fake
			.vmcs[VMCS_PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS];

	assert_true(!field || field & CPU_OTHERS);
	return field & control;
}

/* --- Before an entry: exceptions, targets, filter ------------------------- */

static void exceptions_that_exit(void **state)
{
	static const struct {
		bool intercept;
		u64 cr0;
		bool stepping;
		u32 exceptions;
	} cases[] = {
		{ false, CR0_NE, false, ALWAYS },
		{ true, CR0_NE, false, ALWAYS | BIT(VECTOR_PF) },
		{ false, 0, false, ALWAYS | BIT(VECTOR_MF) },
		{ true, 0, false, ALWAYS | BIT(VECTOR_PF) | BIT(VECTOR_MF) },
		{ false, CR0_NE, true, ~0U },
	};

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		filter.intercept = cases[i].intercept;
		vcpu->paging.cr0 = cases[i].cr0;
		vm.gdb.step.on = cases[i].stepping;
		point_at_shadow(vcpu);
		if (fake.vmcs[VMCS_EXCEPTION_BITMAP] != cases[i].exceptions)
			fail_msg("case %u: 0x%lx", i,
				 fake.vmcs[VMCS_EXCEPTION_BITMAP]);
	}
}

/* A nested hypervisor pays for each VMWRITE. */
static void nothing_is_written_twice(void **state)
{
	filter = (struct mmu_filter){ true, PFEC_P, PFEC_P, true, true };
	targets.count = 2;
	point_at_shadow(vcpu);
	fake.traffic.writes = 0;
	point_at_shadow(vcpu);
	assert_int_equal(fake.vmcs[VMCS_GUEST_CR3], ROOT);
	assert_int_equal(fake.traffic.writes, 1);
	/* The bitmap alone: the filter is the same. */
	vcpu->paging.cr0 = 0;
	point_at_shadow(vcpu);
	assert_int_equal(fake.traffic.writes, 3);
}

/* A change of any part of the filter is written. */
static void filter_is_written(void **state)
{
	static const struct mmu_filter filters[] = {
		{ true, PFEC_P, PFEC_P, false, false },
		{ true, PFEC_P | PFEC_RSVD, PFEC_P, false, false },
		{ true, PFEC_P | PFEC_RSVD, PFEC_P | PFEC_RSVD, false, false },
		{ true, PFEC_P | PFEC_RSVD, PFEC_P | PFEC_RSVD, true, false },
		{ true, PFEC_P | PFEC_RSVD, PFEC_P | PFEC_RSVD, true, true },
		{ true, PFEC_P | PFEC_RSVD, PFEC_P | PFEC_RSVD, true, false },
	};

	for (u32 i = 0; i < ARRAY_SIZE(filters); i++) {
		filter = filters[i];
		point_at_shadow(vcpu);
		assert_int_equal(vmread(VMCS_PAGE_FAULT_ERROR_CODE_MASK),
				 filter.mask);
		assert_int_equal(vmread(VMCS_PAGE_FAULT_ERROR_CODE_MATCH),
				 filter.match);
		assert_int_equal(cpu_control(CPU_INVLPG_EXITING),
				 filter.invlpg);
		assert_true(vmread(VMCS_CR4_GUEST_HOST_MASK) ==
			    (filter.pge_owned ? ~CR4_PGE : ~0ULL));
	}
	/* gdb's step: all page faults exit, and afterwards as before. */
	vm.gdb.step.on = true;
	point_at_shadow(vcpu);
	assert_int_equal(vmread(VMCS_PAGE_FAULT_ERROR_CODE_MASK), 0);
	assert_int_equal(vmread(VMCS_PAGE_FAULT_ERROR_CODE_MATCH), 0);
	vm.gdb.step.on = false;
	point_at_shadow(vcpu);
	assert_int_equal(vmread(VMCS_PAGE_FAULT_ERROR_CODE_MASK), filter.mask);
	assert_int_equal(vmread(VMCS_PAGE_FAULT_ERROR_CODE_MATCH),
			 filter.match);
}

static void targets_are_written(void **state)
{
	/* The field of a new VMCS may hold any value, and a target may be 0. */
	fake.vmcs[VMCS_CR3_TARGET_VALUE_0] = 7;
	targets = (struct mmu_targets){ .count = 1 };
	point_at_shadow(vcpu);
	assert_int_equal(vmread(VMCS_CR3_TARGET_VALUE_0), 0);
	targets = (struct mmu_targets){ .count = 3, .value = { 1, 2, 3 } };
	point_at_shadow(vcpu);
	for (u32 i = 0; i < targets.count; i++)
		assert_int_equal(vmread(VMCS_CR3_TARGET_VALUE_0 + 2 * i),
				 i + 1);
	assert_int_equal(vmread(VMCS_CR3_TARGET_COUNT), 3);
	assert_false(cpu_control(CPU_CR3_STORE_EXITING));
	/* One of them is another, and one has gone: two writes and the root. */
	fake.traffic.writes = 0;
	targets = (struct mmu_targets){ .count = 2, .value = { 1, 4 } };
	point_at_shadow(vcpu);
	assert_int_equal(fake.traffic.writes, 3);
	assert_int_equal(vmread(VMCS_CR3_TARGET_VALUE_0), 1);
	assert_int_equal(vmread(VMCS_CR3_TARGET_VALUE_1), 4);
	assert_int_equal(vmread(VMCS_CR3_TARGET_COUNT), 2);
	/* A target comes back whose value is still in its field. */
	targets = (struct mmu_targets){ .count = 3, .value = { 1, 4, 3 } };
	point_at_shadow(vcpu);
	assert_int_equal(vmread(VMCS_CR3_TARGET_VALUE_2), 3);
	assert_int_equal(vmread(VMCS_CR3_TARGET_COUNT), 3);
}

static void cr3_store_exits(void **state)
{
	targets.cr3_store_exits = true;
	point_at_shadow(vcpu);
	assert_true(cpu_control(CPU_CR3_STORE_EXITING));
	targets.cr3_store_exits = false;
	point_at_shadow(vcpu);
	assert_false(cpu_control(CPU_CR3_STORE_EXITING));
	/* A processor on which the control can't be 0. */
	capabilities.allowed[CONTROLS_CPU] = CPU_CR3_STORE_EXITING;
	point_at_shadow(vcpu);
	assert_true(cpu_control(CPU_CR3_STORE_EXITING));
}

/* --- After an exit ---------------------------------------------------------- */

/* Fills all fields of an exit; the fields of other exits have wrong values. */
static void leave_fields(u32 reason)
{
	fake.vmcs[VMCS_EXIT_REASON] = reason;
	fake.vmcs[VMCS_GUEST_RIP] = 0xffffffff81000000;
	fake.vmcs[VMCS_EXIT_QUALIFICATION] = 0x1122334455667788;
	fake.vmcs[VMCS_IDT_VECTORING_INFORMATION] = PAGE_FAULT;
	fake.vmcs[VMCS_IDT_VECTORING_ERROR_CODE] = 3;
	fake.vmcs[VMCS_VM_EXIT_INTERRUPTION_INFORMATION] = PAGE_FAULT;
	fake.vmcs[VMCS_VM_EXIT_INTERRUPTION_ERROR_CODE] = 9;
}

static void page_fault_is_read(void **state)
{
	const struct trace_record *record = vcpu->record;

	leave_fields(EXIT_EXCEPTION_OR_NMI);
	assert_true(vcpu_enter(vcpu));
	assert_int_equal(vcpu->exit.reason, EXIT_EXCEPTION_OR_NMI);
	assert_int_equal(vcpu->exit.kind, EXIT_EXCEPTION_OR_NMI);
	assert_false(vcpu->exit.entry_failed);
	assert_int_equal(vcpu->exit.tsc, fake.tsc);
	assert_true(vcpu->exit.rip == 0xffffffff81000000);
	assert_int_equal(vcpu->exit.qualification, 0x1122334455667788);
	assert_int_equal(vcpu->exit.idt_vectoring, PAGE_FAULT);
	assert_int_equal(vcpu->exit.idt_vectoring_error, 3);
	assert_int_equal(vcpu->exit.interruption, PAGE_FAULT);
	assert_int_equal(vcpu->exit.interruption_error, 9);
	assert_int_equal(record->tsc, fake.tsc);
	assert_int_equal(record->kind, TRACE_EXIT);
	assert_int_equal(record->what, EXIT_EXCEPTION_OR_NMI);
	assert_int_equal(record->vector, VECTOR_PF);
	assert_int_equal(record->error, 9);
	assert_true(record->subject == vcpu->exit.rip);
	assert_int_equal(record->detail, vcpu->exit.qualification);
}

/* Fields that this exit does not have hold those of an earlier one. */
static void stale_fields_are_not_read(void **state)
{
	leave_fields(EXIT_CPUID);
	assert_true(vcpu_enter(vcpu));
	assert_int_equal(vcpu->exit.qualification, 0);
	assert_int_equal(vcpu->exit.idt_vectoring, 0);
	assert_int_equal(vcpu->exit.interruption, 0);
	assert_int_equal(vcpu->exit.interruption_error, 0);
	assert_int_equal(vcpu->record->vector, 0);
	assert_int_equal(vcpu->record->detail, 0);
	assert_int_equal(fake.traffic.reads, 2);
	/* An exception without an error code, after one that had one. */
	leave_fields(EXIT_EXCEPTION_OR_NMI);
	vcpu->exit.interruption_error = 5;
	fake.vmcs[VMCS_VM_EXIT_INTERRUPTION_INFORMATION] =
		VMX_INTR(INTR_HARDWARE_EXCEPTION, VECTOR_DB);
	fake.vmcs[VMCS_IDT_VECTORING_INFORMATION] = 0;
	vcpu->exit.idt_vectoring_error = 6;
	assert_true(vcpu_enter(vcpu));
	assert_int_equal(vcpu->exit.interruption_error, 0);
	assert_int_equal(vcpu->exit.idt_vectoring, 0);
	assert_int_equal(vcpu->exit.idt_vectoring_error, 6);
	assert_int_equal(vcpu->record->vector, VECTOR_DB);
	assert_int_equal(vcpu->record->error, 0);
}

/* An interrupt may come while an event is delivered. */
static void event_under_delivery(void **state)
{
	leave_fields(EXIT_EXTERNAL_INTERRUPT);
	assert_true(vcpu_enter(vcpu));
	assert_int_equal(vcpu->exit.idt_vectoring, PAGE_FAULT);
	assert_int_equal(vcpu->exit.idt_vectoring_error, 3);
	assert_int_equal(vcpu->exit.interruption, 0);
}

/* The reason is an index of arrays. */
static void unknown_reason(void **state)
{
	leave_fields(0x1234);
	assert_true(vcpu_enter(vcpu));
	assert_int_equal(vcpu->exit.reason, EXIT_UNKNOWN);
}

/* --- An entry that fails -------------------------------------------------- */

static void first_entry(void **state)
{
	vcpu->flush.scope = TLB_ALL;
	assert_true(vcpu_enter(vcpu));
	assert_steps("doctor enter ");
	assert_true(vcpu->launched);
	assert_true(vcpu_enter(vcpu));
	assert_steps("enter ");
}

static void instruction_fails(void **state)
{
	entry_fails = true;
	vcpu->launched = true;
	fake.vmcs[VMCS_VM_INSTRUCTION_ERROR] = 7;
	assert_false(vcpu_enter(vcpu));
	prints("VM entry failed: VM-instruction error 7, VM entry with invalid "
	       "control field(s)");
	prints("entry doctor: nothing wrong");
	assert_steps("enter doctor ");
	/* The doctor has told the reason. */
	log_text[0] = '\0';
	verdict = DOCTOR_CONTROLS;
	assert_false(vcpu_enter(vcpu));
	lacks("nothing wrong");
}

static void guest_state_is_refused(void **state)
{
	leave_fields(EXIT_REASON_ENTRY_FAILURE | EXIT_INVALID_GUEST_STATE);
	assert_false(vcpu_enter(vcpu));
	assert_int_equal(vcpu->exit.reason, EXIT_INVALID_GUEST_STATE);
	prints("VM-entry failure: invalid guest state");
	/* The next entry is the first one still. */
	assert_false(vcpu->launched);
}

static void failure_ends_the_run(void **state)
{
	entry_fails = true;
	enter_and_handle(&vm, fake.tsc);
	assert_true(vm.ended);
	assert_int_equal(vm.end_reason, END_VM_ENTRY_FAILURE);
	assert_int_equal(vm.stats.exits_total, 0);
	assert_steps("deliver leave doctor enter doctor dump ");
}

/* --- One entry, one exit -------------------------------------------------- */

static void order(void **state)
{
	enter_and_handle(&vm, fake.tsc);
	assert_steps("deliver leave doctor enter redeliver handle ");
	assert_int_equal(vm.stats.exits_total, 1);
	assert_int_equal(vm.stats.exits[EXIT_CPUID], 1);
	/* With all that a user may have asked for. */
	vm.gdb.step.on = true;
	vm.gdb.link.port = (void *)&vm;
	vm.monitor.until = UNTIL_EXIT;
	vm.audit = 1;
	vm.dump = true;
	enter_and_handle(&vm, fake.tsc);
	assert_steps("step_enter deliver leave enter step_left redeliver "
		     "handle monitor audit gdb_exited ");
	vcpu->launched = false;
	enter_and_handle(&vm, fake.tsc);
	assert_non_null(strstr(steps, "deliver dump leave doctor enter"));
	assert_int_equal(vm.stats.exits_total, 3);
}

/* The exit's record is in the place that the trace gave before the entry. */
static void exit_is_traced(void **state)
{
	static u64 ring[3 * PAGE_SIZE / sizeof(u64)];

	trace_init(&vm.trace, &vcpu->record, ring, 3, 1);
	vcpu->record = &vm.trace.none;
	enter_and_handle(&vm, fake.tsc);
	leave_fields(EXIT_HLT);
	enter_and_handle(&vm, fake.tsc);
	assert_int_equal(trace_count(&vm.trace), 2);
	assert_int_equal(trace_at(&vm.trace, 0)->what, EXIT_CPUID);
	assert_int_equal(trace_at(&vm.trace, 0)->number, 77);
	assert_int_equal(trace_at(&vm.trace, 1)->what, EXIT_HLT);
}

static void root_is_asked_for(void **state)
{
	enter_and_handle(&vm, fake.tsc);
	enter_and_handle(&vm, fake.tsc);
	assert_int_equal(roots, 1);
	vcpu->paging.root_is_new = true;
	enter_and_handle(&vm, fake.tsc);
	assert_int_equal(roots, 2);
	assert_false(vcpu->paging.root_is_new);
	vcpu->paging.root = NULL;
	enter_and_handle(&vm, fake.tsc);
	assert_int_equal(roots, 3);
}

/* The guest may have loaded one of the targets. */
static void root_after_an_exit(void **state)
{
	targets = (struct mmu_targets){ .count = 1, .value = { 0x9000 } };
	enter_and_handle(&vm, fake.tsc);
	assert_steps("deliver leave doctor enter exited redeliver handle ");
	assert_int_equal(exited_cr3, ROOT);
	fake.vmcs[VMCS_GUEST_CR3] = 0x9000;
	enter_and_handle(&vm, fake.tsc);
	assert_int_equal(exited_cr3, 0x9000);
}

/* --- The audit and the canaries ------------------------------------------- */

static void audit_comes_in_turn(void **state)
{
	vm.audit = 3;
	for (u32 exit = 1; exit <= 7; exit++) {
		steps[0] = '\0';
		enter_and_handle(&vm, fake.tsc);
		assert_int_equal(!!strstr(steps, "audit"), exit % 3 == 0);
		assert_int_equal(canary_looks, exit / 3);
	}
}

static void audit_finds(void **state)
{
	finding = (struct mmu_audit){
		.invariant = 4, .what = "it is so", .slot = 17, .level = 2
	};
	vm.audit = 1;
	if (!setjmp(panicked)) {
		enter_and_handle(&vm, fake.tsc);
		fail_msg("the run goes on");
	}
	prints("audit: invariant 4 is broken after exit 1: it is so");
	prints("level 2, slot 17");
}

static void canary_is_damaged(void **state)
{
	canary_dies = true;
	vm.audit = 1;
	if (!setjmp(panicked)) {
		enter_and_handle(&vm, fake.tsc);
		fail_msg("the run goes on");
	}
	prints("canary: the word at 0x1234 has changed");
	/* The canary is reported before the damage that may be in the tables. */
	assert_null(strstr(steps, "audit"));
}

/* --- The whole run -------------------------------------------------------- */

static void run_until_the_end(void **state)
{
	left_at = 2;
	vm.shown_exits = 20;
	vm.status.last_line = 1;
	vm.monitor.waited_ns = 5;
	vm_run(&vm);
	assert_int_equal(entries, 2);
	assert_int_equal(vm.typed, -1);
	assert_int_equal(vm.stats.started_ns, 5000);
	assert_int_equal(vm.status.last_line, 5000);
	assert_int_equal(vm.monitor.waited_ns, 0);
	/* Three looks at the devices, a root and two events: a tick each. */
	assert_int_equal(vm.stats.ended_ns, 5000 + 2 * TICKS + 6);
	assert_int_equal(shown_exits, 20);
	lacks("canaries");
	assert_steps("serve deliver leave doctor enter redeliver handle "
		     "serve deliver leave enter redeliver handle "
		     "serve disarm status trace screen stats send gdb_end ");
}

/* The devices are served when it is time, or during an interrupt. */
static void devices_have_their_time(void **state)
{
	left_at = 3;
	vm.deadline = fake.tsc + 2 * TICKS;
	vm_run(&vm);
	assert_steps("deliver leave doctor enter redeliver handle "
		     "deliver leave enter redeliver handle "
		     "serve deliver leave enter redeliver handle "
		     "serve disarm status trace screen stats send gdb_end ");
	set_up(state);
	left_at = 1;
	vm.deadline = ~0ULL;
	vm.pacing.since = 1;
	vm_run(&vm);
	assert_int_equal(strncmp(steps, "serve ", strlen("serve ")), 0);
}

static void run_under_gdb(void **state)
{
	left_at = 1;
	vm.gdb.link.port = (void *)&vm;
	vm_run(&vm);
	/* The wait for gdb is no part of the run. */
	assert_int_equal(vm.stats.started_ns, 5000 + TICKS);
	assert_steps("gdb_begin serve deliver leave doctor enter redeliver "
		     "handle gdb_exited serve disarm status trace screen stats "
		     "send gdb_end ");
}

static void reports(void **state)
{
	left_at = 1;
	vm.canaries.count = 4;
	vm.operation.shown = true;
	vm_run(&vm);
	assert_int_equal(canary_looks, 4);
	prints("canaries: 4 frames kept from the guest, all untouched");
	assert_null(strstr(steps, "trace"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(exceptions_that_exit, set_up),
		cmocka_unit_test_setup(nothing_is_written_twice, set_up),
		cmocka_unit_test_setup(filter_is_written, set_up),
		cmocka_unit_test_setup(targets_are_written, set_up),
		cmocka_unit_test_setup(cr3_store_exits, set_up),
		cmocka_unit_test_setup(page_fault_is_read, set_up),
		cmocka_unit_test_setup(stale_fields_are_not_read, set_up),
		cmocka_unit_test_setup(event_under_delivery, set_up),
		cmocka_unit_test_setup(unknown_reason, set_up),
		cmocka_unit_test_setup(first_entry, set_up),
		cmocka_unit_test_setup(instruction_fails, set_up),
		cmocka_unit_test_setup(guest_state_is_refused, set_up),
		cmocka_unit_test_setup(failure_ends_the_run, set_up),
		cmocka_unit_test_setup(order, set_up),
		cmocka_unit_test_setup(exit_is_traced, set_up),
		cmocka_unit_test_setup(root_is_asked_for, set_up),
		cmocka_unit_test_setup(root_after_an_exit, set_up),
		cmocka_unit_test_setup(audit_comes_in_turn, set_up),
		cmocka_unit_test_setup(audit_finds, set_up),
		cmocka_unit_test_setup(canary_is_damaged, set_up),
		cmocka_unit_test_setup(run_until_the_end, set_up),
		cmocka_unit_test_setup(devices_have_their_time, set_up),
		cmocka_unit_test_setup(run_under_gdb, set_up),
		cmocka_unit_test_setup(reports, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
