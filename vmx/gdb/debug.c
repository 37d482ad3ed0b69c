/* SPDX-License-Identifier: MIT */
#include "arch/x86/cpu.h"
#include "lib/log.h"
#include "vmx/gdb/debug.h"
#include "vmx/state.h"
#include "vmx/vm.h"

/* Bits of DR7 that a write can set; RTM is 0, and bit 10 is always 1. */
#define DR7_WRITABLE 0xffff23ffULL

static struct gdb_points *points_of(const struct vcpu *vcpu)
{
	return &vcpu->vm->gdb.points;
}

u64 debug_dr7(const struct vcpu *vcpu)
{
	const struct gdb_points *points = points_of(vcpu);

	return points->active ? points->guest.dr7 : vmread(VMCS_GUEST_DR7);
}

static void write_registers(const struct debug_registers *registers)
{
	dr0_write(registers->address[0]);
	dr1_write(registers->address[1]);
	dr2_write(registers->address[2]);
	dr3_write(registers->address[3]);
	vmwrite(VMCS_GUEST_DR7, registers->dr7);
}

static bool place_points(struct gdb_points *points)
{
	struct debug_registers registers;
	bool placed = points_place(points, &registers);

	if (!placed && !points->crowded_out)
		log_info("gdb: the guest's own breakpoints leave no debug "
			 "register for some of gdb's");
	points->crowded_out = !placed;
	write_registers(&registers);
	return placed;
}

void debug_set_dr7(struct vcpu *vcpu, u64 value)
{
	struct gdb_points *points = points_of(vcpu);

	if (!points->active) {
		vmwrite(VMCS_GUEST_DR7, value);
	} else if (value != points->guest.dr7) {
		points->guest.dr7 = value;
		place_points(points);
	}
}

u64 debug_remove_gdb_hits(struct vcpu *vcpu, u64 debug)
{
	struct gdb_points *points = points_of(vcpu);

	const struct gdb_step *step = &vcpu->vm->gdb.step;

	if (step->on && !step->tf)
		debug &= ~DR6_BS;
	return points->active ? points_remove_hits(points, debug) : debug;
}

bool debug_update(struct vcpu *vcpu)
{
	struct gdb_points *points = points_of(vcpu);
	bool any = points_any(points), placed = true;

	if (any && !points->active)
		points->guest = (struct debug_registers){
			.address = { dr0_read(), dr1_read(), dr2_read(),
				     dr3_read() },
			.dr7 = vmread(VMCS_GUEST_DR7),
		};
	if (any)
		placed = place_points(points);
	else if (points->active)
		write_registers(&points->guest);
	points->active = any;
	vcpu_set_cpu_control(vcpu, CPU_MOV_DR_EXITING, any);
	return placed;
}

u64 debug_read(const struct vcpu *vcpu, unsigned int number)
{
	const struct gdb_points *points = points_of(vcpu);

	if (number < BREAKPOINTS)
		return points->guest.address[number];
	return number == 6 ? dr6_read() : points->guest.dr7;
}

void debug_write(struct vcpu *vcpu, unsigned int number, u64 value)
{
	struct gdb_points *points = points_of(vcpu);

	if (number == 6)
		return dr6_write(value);
	if (number == 7)
		return debug_set_dr7(vcpu, (value & DR7_WRITABLE) | DR7_RESET);
	points->guest.address[number] = value;
	place_points(points);
}
