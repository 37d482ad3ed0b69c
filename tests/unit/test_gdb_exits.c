/* SPDX-License-Identifier: MIT */
/* The guest's debug registers while gdb has points in them. */
#include "fake_processor.h"

#include "vmx/gdb/debug.c"
#include "vmx/events/skip.c"
#include "vmx/state.c"
#include "vmx/events/inject.c"
#include "vmx/exits/exit_cr.c"
#include "vmx/exits/exit_dr.c"
#include "vmx/exits/exit_msr.c"
#include "vmx/exits/exit_misc.c"
#include "vmx/exits/exit.c"

#include "exit_world.h"
#include "exit_left_out.h"

#define POINT 0x5000ULL
#define FROM(number, gpr) (number | QUAL_DR_FROM | (gpr) << 8)
#define TO(number, gpr) (number | (gpr) << 8)

/* The guest has an address in each register, and DR1 enabled. */
static int set_up_points(void **state)
{
	set_up(state);
	for (u64 n = 0; n < BREAKPOINTS; n++)
		fake.dr[n] = 0x100 * n;
	fake.vmcs[VMCS_GUEST_DR7] = DR7_RESET | BIT(2);
	points_insert(&vm.gdb.points, GDB_HARDWARE_BREAKPOINT, POINT, 1);
	debug_update(vcpu);
	return 0;
}

static u64 read_dr(unsigned int number)
{
	run_exit(EXIT_MOV_DR, FROM(number, RBX));
	assert_done();
	return gpr[RBX];
}

static void write_dr(unsigned int number, u64 value)
{
	gpr[RBX] = value;
	run_exit(EXIT_MOV_DR, TO(number, RBX));
	assert_done();
}

static void own_registers(void **state)
{
	assert_int_equal(fake.dr[3], POINT);
	assert_int_equal(read_dr(3), 0x300);
	assert_int_equal(read_dr(7), DR7_RESET | BIT(2));
	write_dr(3, 0x333);
	assert_int_equal(fake.dr[3], POINT);
	assert_int_equal(read_dr(3), 0x333);
	/* The guest takes DR3, and gdb's point moves to DR2. */
	write_dr(7, BIT(6));
	assert_int_equal(read_dr(7), DR7_RESET | BIT(6));
	assert_int_equal(fake.dr[3], 0x333);
	assert_int_equal(fake.dr[2], POINT);
	/* Without points they are all the guest's again. */
	points_remove(&vm.gdb.points, GDB_HARDWARE_BREAKPOINT, POINT, 1);
	debug_update(vcpu);
	assert_int_equal(fake.dr[2], 0x200);
	assert_int_equal(fake.vmcs[VMCS_GUEST_DR7], DR7_RESET | BIT(6));
	assert_false(
		vmx_has(&vcpu->controls, CONTROLS_CPU, CPU_MOV_DR_EXITING));
}

static void faults_of_mov_dr(void **state)
{
	vcpu->paging.cr4 |= CR4_DE;
	run_exit(EXIT_MOV_DR, FROM(4, RBX));
	assert_event(FAULT(VECTOR_UD), 0);
	vcpu->paging.cr4 &= ~CR4_DE;
	fake.dr[6] = DR6_RESET;
	assert_int_equal(read_dr(4), DR6_RESET);
	gpr[RBX] = 1ULL << 32;
	run_exit(EXIT_MOV_DR, TO(7, RBX));
	assert_event(CODED(VECTOR_GP), 0);
	write_dr(7, DR7_GD);
	run_exit(EXIT_MOV_DR, FROM(0, RBX));
	assert_event(FAULT(VECTOR_DB), 0);
	assert_int_equal(fake.dr[6] & DR6_BD, DR6_BD);
	assert_int_equal(debug_dr7(vcpu), DR7_RESET); /* GD is cleared */
	vmwrite(VMCS_GUEST_SS_ACCESS_RIGHTS, 3 << AR_DPL_SHIFT);
	run_exit(EXIT_MOV_DR, FROM(0, RBX));
	assert_event(CODED(VECTOR_GP), 0);
}

/* A #DB of gdb's does not reach the guest: neither as an event nor in DR6. */
static void hits(void **state)
{
	fake.dr[6] = DR6_RESET;
	vcpu->exit.interruption = FAULT(VECTOR_DB);
	run_exit(EXIT_EXCEPTION_OR_NMI, BIT(3));
	assert_event(0, 0);
	assert_int_equal(fake.dr[6], DR6_RESET);
	assert_int_equal(vm.gdb.points.hit->address, POINT);
	run_exit(EXIT_EXCEPTION_OR_NMI, BIT(3) | BIT(1));
	assert_event(FAULT(VECTOR_DB), 0);
	assert_int_equal(fake.dr[6], DR6_RESET | BIT(1));
}

/* During a step an x87 error exits; with CR0.NE=1 it is the guest's #MF. */
static void x87_error(void **state)
{
	vm.gdb.step.on = true;
	vcpu->paging.cr0 |= CR0_NE;
	vcpu->exit.interruption = FAULT(VECTOR_MF);
	run_exit(EXIT_EXCEPTION_OR_NMI, 0);
	assert_event(FAULT(VECTOR_MF), 0);
}

/* gdb's "jump" makes a halted guest run from another address. */
static void jump_out_of_hlt(void **state)
{
	jump = POINT;
	run_exit(EXIT_HLT, 0);
	assert_int_equal(served, 1);
	assert_int_equal(vmread(VMCS_GUEST_RIP), POINT);
	assert_false(vm.ended);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(own_registers, set_up_points),
		cmocka_unit_test_setup(faults_of_mov_dr, set_up_points),
		cmocka_unit_test_setup(hits, set_up_points),
		cmocka_unit_test_setup(x87_error, set_up_points),
		cmocka_unit_test_setup(jump_out_of_hlt, set_up_points),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
