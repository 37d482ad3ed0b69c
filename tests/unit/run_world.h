/* SPDX-License-Identifier: MIT */
/*
 * The run loop on a VMCS that is an array, with all that it calls. A test file
 * includes this in place of the loop's own files.
 */
#ifndef TESTS_UNIT_RUN_WORLD_H
#define TESTS_UNIT_RUN_WORLD_H

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
/* vmx/vmcs.h has it, which the fake processor replaces. */
bool vmx_enter(struct cpu_regs *regs, bool launched, u64 *host_rsp);
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
static bool ends_in_serve; /* the guest ends when the devices are served */
static bool delivers; /* an event is due before each entry */
static bool loads_cr3; /* each exit is a load of CR3 */
static bool canary_dies;
static u32 canary_looks, shown_exits;
static u64 exited_cr3;
static bool policy_changes; /* at a look at the devices, by a key */
/* The wish of a user at the prompt, between two entries or in HLT. */
static enum monitor_until asked, asked_in_hlt;

static void note_step(const char *name)
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
	note_step("exited");
}

bool mmu_audit(const struct mmu_cpu *cpu, struct mmu_audit *audit)
{
	note_step("audit");
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
	note_step("deliver");
	fake.tsc += delivers;
	return delivers;
}

void vcpu_redeliver(struct vcpu *v)
{
	note_step("redeliver");
}

void step_enter(struct vcpu *v)
{
	note_step("step_enter");
}

void step_left(struct vcpu *v)
{
	note_step("step_left");
}

/* The exit has been counted already. */
void vmx_handle_exit(struct vcpu *v)
{
	note_step("handle");
	if (loads_cr3)
		vcpu->paging.root_is_new = true;
	if (asked_in_hlt) {
		vm.monitor.until = asked_in_hlt;
		vm.gdb.step.on = true;
		vm_note_watchers(&vm);
	}
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
	note_step("serve");
	fake.tsc++;
	if (policy_changes)
		vcpu->paging.root_is_new = true;
	if (ends_in_serve)
		vm_end(v, END_GUEST_EXIT, 0);
	vm.monitor.until = asked;
	vm_note_watchers(&vm);
}

void monitor_exited(struct vm *v)
{
	note_step("monitor");
}

void gdb_begin(struct vm *v)
{
	note_step("gdb_begin");
	fake.tsc += TICKS; /* a person has to start it */
}

void gdb_exited(struct vm *v)
{
	note_step("gdb_exited");
}

void gdb_end(struct vm *v)
{
	note_step("gdb_end");
}

void vmx_dump(struct vcpu *v)
{
	note_step("dump");
}

void stats_forget_traffic(void)
{
	note_step("forget");
}

u32 stats_leave_root(struct vm_stats *stats, const struct vmx_exit *exit,
		     u64 now)
{
	/* No new root, no look at the devices and no event came after this. */
	assert_int_equal(now, fake.tsc);
	note_step("leave");
	return 77;
}

void stats_print(const struct vm *v)
{
	note_step("stats");
}

void status_show(struct vm *v, u64 now)
{
	assert_int_equal(now, vm.stats.ended_ns);
	note_step("status");
}

void trace_print(const struct vm *v, u64 wanted, bool events)
{
	shown_exits = (u32)wanted;
	note_step("trace");
}

void trace_send(struct trace *trace, enum trace_way way,
		struct serial_port *port)
{
	note_step("send");
}

void text_screen_log(const struct guest_memory *gm, u16 cursor)
{
	note_step("screen");
}

void apic_timer_disarm(void)
{
	note_step("disarm");
}

u64 time_ns(void)
{
	return fake.tsc;
}

enum doctor_verdict entry_check(hpa_t vmcs)
{
	examined++;
	note_step("doctor");
	return verdict;
}

bool vmx_enter(struct cpu_regs *regs, bool launched, u64 *host_rsp)
{
	assert_ptr_equal(host_rsp, &vcpu->host_rsp);
	assert_ptr_equal(regs, &vcpu->regs);
	assert_int_equal(launched, vcpu->launched);
	/* All flushes are done. */
	assert_int_equal(vcpu->flush.scope, TLB_NOTHING);
	entries++;
	note_step("enter");
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
	vcpu->paging.root_is_new = vcpu->paging.targets_are_new =
		vcpu->paging.state_is_new = true;
	vcpu->controls.value[CONTROLS_CPU] = CPU_OTHERS;
	fake.tsc = 5000;
	fake.vmcs[VMCS_EXIT_REASON] = EXIT_CPUID;
	steps[0] = log_text[0] = '\0';
	entry_fails = canary_dies = policy_changes = false;
	ends_in_serve = loads_cr3 = false;
	delivers = true;
	entries = examined = roots = canary_looks = shown_exits = 0;
	verdict = DOCTOR_GOOD;
	left_at = exited_cr3 = 0;
	asked = asked_in_hlt = UNTIL_NOTHING;
	return 0;
}

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

/* One entry and its exit. */
static void enter_once(void)
{
	vm_note_watchers(&vm);
	point_at_shadow(vcpu);
	enter_and_handle(&vm, fake.tsc);
}

#endif
