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
#include "vmx/gdb/memory.c"
#include "vmx/gdb/target.c"
#include "vmx/state.c"
#include "vmx/events/inject.c"
#include "vmx/monitor/costs.c"

#include "exit_world.h"

#define PAUSE_NS 1000
#define PAUSES 8 /* Maximum number of pauses of a test */

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
static void run_session(const char *const *packets)
{
	script = packets;
	gdb_poll(&vm);
	assert_null(*script);
}

static bool write_rflags_of_guest(u64 value)
{
	return gdb_guest.write_register(&vm, GDB_eflags, value);
}

/* --- Steps ------------------------------------------------------------------ */

#define CODE_FRAME 20ULL
#define STACK_FRAME 21ULL
#define STACK (RIP + PAGE_SIZE)
#define ENTRY (PTE_P | PTE_W | PTE_U | PTE_A | PTE_D)

/* Puts the guest's next instruction, and a page of stack after its page. */
static void put_guest_at(const char *code, size_t length)
{
	for (gfn_t level = 0; level < 3; level++)
		*world_gpte(level, 0) = (level + 1) << 12 | ENTRY;
	*world_gpte(3, RIP >> PAGE_SHIFT) = CODE_FRAME << 12 | ENTRY;
	*world_gpte(3, STACK >> PAGE_SHIFT) = STACK_FRAME << 12 | ENTRY;
	memcpy(world_ram[CODE_FRAME], code, length);
	vmwrite(VMCS_GUEST_RSP, STACK);
}

/* The step's end by TF, with these flags. */
static void debug_trap_with(u64 rflags)
{
	vmwrite(VMCS_GUEST_RFLAGS, rflags);
	vcpu->exit = (struct vmx_exit){
		.reason = EXIT_EXCEPTION_OR_NMI,
		.interruption = FAULT(VECTOR_DB),
		.qualification = DR6_BS,
	};
	step_left(vcpu);
	assert_true(step_is_over(&vm));
}

static void step_hides_the_trap_flag(void **state)
{
	put_guest_at("\x90", 1);
	vcpu->settled = true;
	assert_true(step_begin(&vm));
	/* The next entry looks for the window that ends a step. */
	assert_false(vcpu->settled);
	step_enter(vcpu);
	assert_int_equal(vmread(VMCS_GUEST_RFLAGS),
			 RFLAGS_FIXED | RFLAGS_IF | RFLAGS_TF);
	assert_int_equal(debug_remove_gdb_hits(vcpu, DR6_BS), 0);
	debug_trap_with(RFLAGS_FIXED | RFLAGS_IF | RFLAGS_TF);
	assert_int_equal(vmread(VMCS_GUEST_RFLAGS), RFLAGS_FIXED | RFLAGS_IF);
}

static void step_mends_what_pushf_pushed(void **state)
{
	u8 *flags = world_ram[STACK_FRAME];

	put_guest_at("\x9c", 1);
	assert_true(step_begin(&vm));
	step_enter(vcpu);
	flags[TF_BYTE] = 3; /* TF and IF */
	debug_trap_with(RFLAGS_FIXED | RFLAGS_TF);
	assert_int_equal(flags[TF_BYTE], 2);
	step_end(&vm);
	/* The guest's own TF stays. */
	vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_TF);
	assert_true(step_begin(&vm));
	step_enter(vcpu);
	flags[TF_BYTE] = 3;
	assert_int_equal(debug_remove_gdb_hits(vcpu, DR6_BS), DR6_BS);
	debug_trap_with(RFLAGS_FIXED | RFLAGS_TF);
	assert_int_equal(flags[TF_BYTE], 3);
	assert_true(vmread(VMCS_GUEST_RFLAGS) & RFLAGS_TF);
}

/* POPF has loaded a TF of the guest's. */
static void step_leaves_what_popf_loaded(void **state)
{
	put_guest_at("\x9d", 1);
	assert_true(step_begin(&vm));
	step_enter(vcpu);
	debug_trap_with(RFLAGS_FIXED | RFLAGS_TF | RFLAGS_ZF);
	assert_int_equal(vmread(VMCS_GUEST_RFLAGS),
			 RFLAGS_FIXED | RFLAGS_TF | RFLAGS_ZF);
}

/* INT n is injected; its handler's first instruction shows at the window. */
static void step_injects_int(void **state)
{
	put_guest_at("\xcd\x80", 2);
	assert_true(step_begin(&vm));
	assert_int_equal(vcpu->event.info,
			 VMX_INTR(INTR_SOFTWARE_INTERRUPT, 0x80));
	assert_int_equal(vcpu->event.length, 2);
	step_enter(vcpu);
	assert_false(vmread(VMCS_GUEST_RFLAGS) & RFLAGS_TF);
	vcpu->event.info = 0;
	vcpu->exit = (struct vmx_exit){ .reason = EXIT_NMI_WINDOW };
	step_left(vcpu);
	assert_true(step_is_over(&vm));
}

/* SYSCALL would copy TF to R11. */
static void step_refuses_syscall(void **state)
{
	put_guest_at("\x0f\x05", 2);
	assert_false(step_begin(&vm));
	assert_false(vm.gdb.step.on);
}

/* Umbra carries CPUID out, and clears the trap that Bochs has made pending. */
static void step_over_an_exit(void **state)
{
	put_guest_at("\x0f\xa2", 2);
	assert_true(step_begin(&vm));
	step_enter(vcpu);
	vmwrite(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS, DR6_BS);
	vcpu->exit = (struct vmx_exit){ .reason = EXIT_CPUID };
	step_left(vcpu);
	assert_int_equal(vmread(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS), 0);
	assert_false(step_is_over(&vm));
	vmwrite(VMCS_GUEST_RIP, RIP + 2);
	assert_true(step_is_over(&vm));
}

/* --- The target ------------------------------------------------------------- */

static void registers_of_the_guest(void **state)
{
	u64 value;

	gpr[R12] = 0x1212;
	fake.cr2 = 0x2222;
	vmwrite(VMCS_GUEST_RSP, 0x3333);
	vmwrite(VMCS_GUEST_GS_SELECTOR, 0x28);
	vmwrite(VMCS_GUEST_GS_BASE, 0x4444);
	assert_true(gdb_guest.read_register(&vm, GDB_r12, &value));
	assert_int_equal(value, 0x1212);
	assert_true(gdb_guest.read_register(&vm, GDB_rsp, &value));
	assert_int_equal(value, 0x3333);
	assert_true(gdb_guest.read_register(&vm, GDB_gs, &value));
	assert_int_equal(value, 0x28);
	assert_true(gdb_guest.read_register(&vm, GDB_gs_base, &value));
	assert_int_equal(value, 0x4444);
	assert_true(gdb_guest.read_register(&vm, GDB_cr2, &value));
	assert_int_equal(value, 0x2222);
	assert_false(gdb_guest.read_register(&vm, GDB_st0, &value));
	assert_true(gdb_guest.write_register(&vm, GDB_rax, 7));
	assert_int_equal(gpr[RAX], 7);
	assert_true(gdb_guest.write_register(&vm, GDB_rsp, 8));
	assert_int_equal(vmread(VMCS_GUEST_RSP), 8);
	/* VM entry wants a canonical RIP; other registers are not changed. */
	assert_false(gdb_guest.write_register(&vm, GDB_rip, 1ULL << 47));
	assert_true(gdb_guest.write_register(&vm, GDB_rip, 1ULL << 46));
	assert_false(gdb_guest.write_register(&vm, GDB_cr3, 0));
}

static void memory_of_the_guest(void **state)
{
	u64 entry = 22 << 12 | ENTRY;
	u8 bytes[8];

	put_guest_at("\x90", 1);
	/* Across the end of a page; no page follows the stack. */
	assert_true(gdb_guest.write(&vm, STACK - 4, "12345678", 8));
	assert_int_equal(gdb_guest.read(&vm, STACK - 4, bytes, 8), 8);
	assert_memory_equal(bytes, "12345678", 8);
	assert_memory_equal(world_ram[STACK_FRAME], "5678", 4);
	assert_false(
		gdb_guest.write(&vm, STACK + PAGE_SIZE - 4, "12345678", 8));
	assert_int_equal(gdb_guest.read(&vm, STACK + PAGE_SIZE - 4, bytes, 8),
			 4);
	/* The target is a page table: the page after the stack appears. */
	*world_gpte(3, 1) = 3 << 12 | ENTRY;
	assert_true(gdb_guest.write(&vm, PAGE_SIZE + 8 * ((STACK >> 12) + 1),
				    &entry, sizeof(entry)));
	assert_true(gdb_guest.write(&vm, STACK + PAGE_SIZE, "x", 1));
	assert_int_equal(world_ram[22][0], 'x');
}

/* --- Sessions --------------------------------------------------------------- */

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

/* While gdb works, the guest does not run: "monitor r" shows the same time. */
static void waiting_is_no_run(void **state)
{
	static const char *const packets[] = { "?", "", "",  "qRcmd,72",
					       "",  "", "c", NULL };

	vm.stats.started_ns = 500;
	fake.tsc = 700;
	run_session(packets);
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
	run_session(packets);
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

/* The monitor's step uses the same code. */
static void step_of_the_monitor(void **state)
{
	assert_true(step_begin(&vm));
	vm.monitor.until = UNTIL_STEP;
	step_end(&vm);
	assert_false(vm.gdb.step.on);
	assert_int_equal(vm.monitor.until, 0);
}

/* The end of a delivery causes no exit while NMIs are blocked. */
static void step_in_an_nmi_handler(void **state)
{
	vmwrite(VMCS_GUEST_INTERRUPTIBILITY_STATE, BLOCKING_BY_NMI);
	assert_true(step_begin(&vm));
	assert_false(step_is_over(&vm));
	/* The instruction has faulted: the step stops before the delivery. */
	vcpu->event.info = FAULT(VECTOR_PF);
	assert_true(step_is_over(&vm));
	step_end(&vm);
	assert_false(step_begin(&vm));
	assert_false(vm.gdb.step.on);
	vmwrite(VMCS_GUEST_INTERRUPTIBILITY_STATE, 0);
	assert_true(step_begin(&vm));
	assert_false(step_is_over(&vm));
	/* There is no exit for the NMI window. */
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
		cmocka_unit_test_setup(step_hides_the_trap_flag, begin),
		cmocka_unit_test_setup(step_mends_what_pushf_pushed, begin),
		cmocka_unit_test_setup(step_leaves_what_popf_loaded, begin),
		cmocka_unit_test_setup(step_injects_int, begin),
		cmocka_unit_test_setup(step_refuses_syscall, begin),
		cmocka_unit_test_setup(step_over_an_exit, begin),
		cmocka_unit_test_setup(registers_of_the_guest, begin),
		cmocka_unit_test_setup(memory_of_the_guest, begin),
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
