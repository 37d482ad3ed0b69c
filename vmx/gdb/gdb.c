/* SPDX-License-Identifier: MIT */
#include "arch/x86/apic.h"
#include "arch/x86/console/screen.h"
#include "arch/x86/console/serial.h"
#include "arch/x86/cpu.h"
#include "arch/x86/time.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "vmx/gdb/debug.h"
#include "vmx/gdb/gdb.h"
#include "vmx/gdb/step.h"
#include "vmx/gdb/target.h"
#include "vmx/loop/input.h"
#include "vmx/monitor/commands.h"
#include "vmx/monitor/monitor.h"
#include "vmx/vm.h"

/*
 * Time between two looks at the port, in ns: 16 bytes fit its FIFO, and 11 come
 * in a millisecond.
 */
#define POLL_NS (1000 * 1000ULL)

/* Signals as gdb numbers them. */
#define STOP_INTERRUPT "T02" /* SIGINT */
#define STOP_TRAP "T05" /* SIGTRAP */
#define STOP_ABORT "T06" /* SIGABRT */
#define END_KILLED "X09" /* SIGKILL */

/* Returns true if the guest is to go on. */
static bool carry_out(struct vm *vm)
{
	struct gdb *gdb = &vm->gdb;
	enum gdb_resume resume = gdb_command(
		&gdb_guest, vm, gdb->link.input.text, gdb->stop, &gdb->reply);

	switch (resume) {
	case GDB_CONTINUE:
	case GDB_STEP:
		if (resume == GDB_STEP && !step_begin(vm)) {
			gdb_send(&gdb->link, GDB_ERROR, strlen(GDB_ERROR));
			return false;
		}
		debug_update(&vm->vcpu);
		return true;
	case GDB_DETACH:
		memset(gdb->points.places, 0, sizeof(gdb->points.places));
		gdb->attached = false;
		debug_update(&vm->vcpu);
		break;
	case GDB_KILL:
		gdb->attached = false;
		if (!vm->ended)
			snprintf(vm->end_why, sizeof(vm->end_why),
				 "killed by gdb");
		vm_end(vm, END_GUEST_POWER_OFF, 0);
		return true;
	case GDB_STAY:
		break;
	}
	gdb_send(&gdb->link, gdb->reply.text, gdb->reply.length);
	return resume == GDB_DETACH;
}

/*
 * Serves gdb while the guest waits and the console goes on. @event: the first.
 */
static void serve(struct vm *vm, enum gdb_event event)
{
	struct vmx_exit *exit = &vm->vcpu.exit;
	u64 work = rdtsc() - exit->tsc;
	bool was_ended = vm->ended;

	vm->gdb.attached = true;
	if (!was_ended)
		vm->stats.ended_ns = time_ns(); /* for the counts so far */
	while (event != GDB_PACKET || !carry_out(vm)) {
		was_ended |= event == GDB_PACKET && vm->ended;
		event = GDB_NOTHING;
		if (gdb_receive(&vm->gdb.link, &event))
			continue;
		vm_deliver_input(vm);
		/* gdb may have gone without a packet. */
		if (vm->ended && vm->monitor.keys.request == REQUEST_END)
			break;
		monitor_count_wait(vm);
		monitor_serve(vm);
		if (vm->ended && !was_ended)
			break;
		screen_refresh();
		apic_sleep(POLL_NS);
	}
	monitor_count_wait(vm);
	/* As in monitor_serve(). */
	if (exit->tsc)
		exit->tsc = rdtsc() - work;
	vm->deadline = 0;
}

/* Tells gdb that the guest has stopped, and does as it says. */
static void stop(struct vm *vm, const char *why)
{
	struct gdb *gdb = &vm->gdb;

	step_end(vm);
	snprintf(gdb->stop, sizeof(gdb->stop), "%s", why);
	gdb_send(&gdb->link, gdb->stop, strlen(gdb->stop));
	serve(vm, GDB_NOTHING);
}

void gdb_begin(struct vm *vm)
{
	struct gdb *gdb = &vm->gdb;

	log_info("gdb: the guest waits for it on %s", gdb->link.port->name);
	snprintf(gdb->stop, sizeof(gdb->stop), "%s", STOP_TRAP);
	serve(vm, GDB_NOTHING);
}

void gdb_poll(struct vm *vm)
{
	struct gdb_input *input = &vm->gdb.link.input;
	enum gdb_event event;

	while (gdb_receive(&vm->gdb.link, &event)) {
		if (event == GDB_INTERRUPT)
			return stop(vm, STOP_INTERRUPT);
		/* gdb has begun a packet: a new session. */
		if (input->state != GDB_OUTSIDE || event == GDB_PACKET) {
			step_end(vm);
			return serve(vm, event);
		}
	}
}

/* A watchpoint's reply has its address. */
static void stop_at(struct vm *vm, const struct gdb_place *place)
{
	char why[GDB_STOP_SIZE] = STOP_TRAP;

	if (place->kind == GDB_WRITE_WATCHPOINT ||
	    place->kind == GDB_ACCESS_WATCHPOINT)
		snprintf(why, sizeof(why), STOP_TRAP "%swatch:%lx;",
			 place->kind == GDB_ACCESS_WATCHPOINT ? "a" : "",
			 place->address);
	stop(vm, why);
}

void gdb_exited(struct vm *vm)
{
	struct gdb *gdb = &vm->gdb;
	const struct gdb_place *hit = gdb->points.hit;

	if (vm->ended) /* gdb_end() tells of it */
		return;
	gdb->points.hit = NULL;
	if (hit)
		stop_at(vm, hit);
	else if (gdb->attached && step_is_over(vm))
		stop(vm, STOP_TRAP);
}

void gdb_end(struct vm *vm)
{
	char why[GDB_STOP_SIZE];

	if (!vm->gdb.attached)
		return;
	if (vm->end_reason == END_GUEST_STOPPED ||
	    vm->end_reason == END_VM_ENTRY_FAILURE) {
		stop(vm, STOP_ABORT);
		snprintf(why, sizeof(why), END_KILLED);
	} else {
		snprintf(why, sizeof(why), "W%02x", vm->end_status & 0xff);
	}
	gdb_send(&vm->gdb.link, why, strlen(why));
}
