/* SPDX-License-Identifier: MIT */
/* The guest as gdb's target: it waits while gdb's packets are carried out. */
#include "fake_processor.h"

#include "vmx/gdb/gdb.c"
#include "vmx/gdb/step.c"
/* target.c has functions of these names for gdb's registers. */
#define read_register read_debug_register
#define write_register write_debug_register
#include "vmx/gdb/debug.c"
#undef read_register
#undef write_register
#include "vmx/gdb/target.c"
#include "vmx/state.c"
#include "vmx/inject.c"
#include "vmx/monitor/costs.c"

#include "exit_world.h"

#define PAUSE_NS 1000
#define PAUSES 8 /* Maximum number of pauses that a test needs. */

static const char *const *script; /* packets; "": a pause; NULL: the end */
static char sent[GDB_FRAME_SIZE];
static u32 pauses, commands;
static u64 ran_ns; /* at the monitor's last command */

/* --- Around the files above ------------------------------------------------- */

bool gdb_receive(struct gdb_link *link, enum gdb_event *event)
{
	const char *next = *script;

	if (!next)
		return false;
	script++;
	if (!*next)
		return false;
	snprintf(link->input.text, sizeof(link->input.text), "%s", next);
	*event = GDB_PACKET;
	return true;
}

void gdb_send(struct gdb_link *link, const char *text, size_t length)
{
	snprintf(sent, sizeof(sent), "%.*s", (int)length, text);
}

void apic_sleep(u64 ns)
{
	fake.tsc += PAUSE_NS;
	assert_in_range(++pauses, 1, PAUSES);
}

void screen_refresh(void)
{
}

void console_copy_log(void (*copy)(void *ctx, const char *text, size_t length),
		      void *ctx)
{
}

/* Like the real one, it can't end a run for the second time. */
void monitor_serve(struct vm *v)
{
	v->monitor.keys.request = REQUEST_NONE;
	v->stats.ended_ns = time_ns();
}

void monitor_command(struct vm *v, char *text, bool at_prompt)
{
	assert_false(at_prompt);
	commands++;
	ran_ns = monitor_ran_ns(v);
}

gva_t vcpu_linear_rip(const struct vcpu *v, enum insn_mode mode)
{
	return v->exit.rip;
}

static int begin(void **state)
{
	set_up(state);
	sent[0] = '\0';
	pauses = commands = 0;
	return 0;
}

/* gdb sends @packets, and then the guest goes on. */
static void session(const char *const *packets)
{
	script = packets;
	gdb_poll(&vm);
	assert_null(*script);
}

static bool write_rflags_of_guest(u64 value)
{
	return gdb_guest.write_register(&vm, GDB_eflags, value);
}

/* --- The tests -------------------------------------------------------------- */

/* Ctrl-A x at the console ends a run whose gdb is silent. */
static void end_without_gdb(void **state)
{
	static const char *const none[] = { NULL };

	script = none;
	vm.gdb.attached = vm.ended = true;
	vm.end_reason = END_GUEST_STOPPED;
	vm.monitor.keys.request = REQUEST_END;
	gdb_end(&vm);
	assert_string_equal(sent, END_KILLED);
}

/* While gdb looks, the guest does not run: "monitor r" sees the same time. */
static void waiting_is_no_run(void **state)
{
	static const char *const packets[] = { "?", "", "",  "qRcmd,72",
					       "",  "", "c", NULL };

	vm.stats.started_ns = 500;
	fake.tsc = 700;
	session(packets);
	assert_int_equal(commands, 1);
	assert_int_equal(ran_ns, 200);
	assert_int_equal(vm.monitor.waited_ns, 4 * PAUSE_NS);
	assert_int_equal(monitor_ran_ns(&vm), 200);
}

/* A session that begins during a step does not wait for the step's end. */
static void new_session_during_a_step(void **state)
{
	static const char *const packets[] = { "?", "c", NULL };

	vm.gdb.step.on = true;
	session(packets);
	assert_false(vm.gdb.step.on);
}

/* TF and the blocking by STI must agree at an entry (26.3.1.5). */
static void flags(void **state)
{
	u64 rflags = vmread(VMCS_GUEST_RFLAGS);

	assert_true(write_rflags_of_guest(rflags | RFLAGS_ZF));
	assert_int_equal(vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE),
			 BLOCKING_BY_STI);
	assert_true(write_rflags_of_guest(rflags | RFLAGS_TF));
	assert_int_equal(vmread(VMCS_GUEST_RFLAGS), rflags | RFLAGS_TF);
	assert_int_equal(vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE), 0);
}

/* The monitor's step is by the same code, and not while gdb has the guest. */
static void step_of_the_monitor(void **state)
{
	assert_true(monitor_step(&vm, NULL, 1));
	assert_true(vm.gdb.step.on && vm.monitor.runs);
	assert_int_equal(vm.monitor.until, UNTIL_STEP);
	step_end(&vm);
	assert_false(vm.gdb.step.on);
	assert_int_equal(vm.monitor.until, 0);
	vm.gdb.attached = true;
	assert_true(monitor_step(&vm, NULL, 1));
	assert_false(vm.gdb.step.on);
}

/* The end of a delivery does not show while NMIs are blocked. */
static void step_in_an_nmi_handler(void **state)
{
	vmwrite(VMCS_GUEST_INTERRUPTIBILITY_STATE, BLOCKING_BY_NMI);
	assert_true(step_begin(&vm));
	assert_false(step_is_over(&vm));
	/* A fault of the instruction: it stops before the delivery. */
	vcpu->event.info = FAULT(VECTOR_PF);
	assert_true(step_is_over(&vm));
	step_end(&vm);
	assert_false(step_begin(&vm));
	assert_false(vm.gdb.step.on);
	vmwrite(VMCS_GUEST_INTERRUPTIBILITY_STATE, 0);
	assert_true(step_begin(&vm));
	assert_false(step_is_over(&vm));
	/* There is no NMI window to exit at. */
	step_end(&vm);
	vcpu->controls.value[CONTROLS_PIN] = 0;
	assert_false(step_begin(&vm));
}

/* The guest has enabled all four debug registers. */
static void no_register_is_free(void **state)
{
	vmwrite(VMCS_GUEST_DR7, DR7_RESET | 0x55);
	assert_false(gdb_guest.insert(&vm, GDB_HARDWARE_BREAKPOINT, RIP, 1));
	assert_false(points_any(&vm.gdb.points));
	assert_int_equal(vmread(VMCS_GUEST_DR7), DR7_RESET | 0x55);
	vmwrite(VMCS_GUEST_DR7, DR7_RESET | 0x54);
	assert_true(gdb_guest.insert(&vm, GDB_HARDWARE_BREAKPOINT, RIP, 1));
	assert_int_equal(fake.dr[0], RIP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(end_without_gdb, begin),
		cmocka_unit_test_setup(waiting_is_no_run, begin),
		cmocka_unit_test_setup(new_session_during_a_step, begin),
		cmocka_unit_test_setup(flags, begin),
		cmocka_unit_test_setup(step_of_the_monitor, begin),
		cmocka_unit_test_setup(step_in_an_nmi_handler, begin),
		cmocka_unit_test_setup(no_register_is_free, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
