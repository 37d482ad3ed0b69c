/* SPDX-License-Identifier: MIT */
/*
 * Events at exits and entries: an exception is injected, meets another one,
 * waits for a window, or wakes a guest that halts.
 */

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

static void exception_exit(u8 vector, u32 error_code)
{
	vcpu->exit.interruption = CODED(vector);
	vcpu->exit.interruption_error = error_code;
	run_exit(EXIT_EXCEPTION_OR_NMI, 0);
}

/* --- HLT ------------------------------------------------------------------ */

static void enable_apic(void)
{
	devices_mmio_write(&vm.devices, 0xfee000f0, &(u32){ 0x1ff }, 4, 0);
}

static void halts(void **state)
{
	enable_apic();
	run_exit(EXIT_HLT, 0);
	assert_done();
	assert_int_equal(served, 2);
	assert_false(vm.ended);
	vcpu_deliver(vcpu);
	assert_int_equal(vmread(VMCS_VM_ENTRY_INTERRUPTION_INFORMATION),
			 VMX_INTR(INTR_EXTERNAL, 0x40));
	vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
	run_exit(EXIT_HLT, 0);
	assert_true(vm.ended);
	assert_int_equal(vm.end_reason, END_GUEST_POWER_OFF);
}

/* --- Events --------------------------------------------------------------- */

static void page_fault_goes_in(void **state)
{
	vcpu_inject_page_fault(vcpu, 0x123456, PFEC_W);
	vcpu_deliver(vcpu);
	assert_int_equal(fake.cr2, 0x123456);
	assert_int_equal(vmread(VMCS_VM_ENTRY_INTERRUPTION_INFORMATION),
			 CODED(VECTOR_PF));
	assert_int_equal(vmread(VMCS_VM_ENTRY_EXCEPTION_ERROR_CODE), PFEC_W);
	assert_true(vmread(VMCS_GUEST_RFLAGS) & RFLAGS_RF);
	assert_int_equal(vcpu->event.info, 0);
}

/* An exit in the delivery of INT3: it comes again, or it meets a fault. */
static void broken_off(void **state)
{
	vcpu->exit.idt_vectoring = VMX_INTR(INTR_SOFTWARE_EXCEPTION, VECTOR_BP);
	vmwrite(VMCS_VM_EXIT_INSTRUCTION_LENGTH, 1);
	vcpu_redeliver(vcpu);
	vcpu_deliver(vcpu);
	assert_int_equal(vmread(VMCS_VM_ENTRY_INTERRUPTION_INFORMATION),
			 VMX_INTR(INTR_SOFTWARE_EXCEPTION, VECTOR_BP));
	assert_int_equal(vmread(VMCS_VM_ENTRY_INSTRUCTION_LENGTH), 1);
	vcpu->exit.idt_vectoring = CODED(VECTOR_GP);
	exception_exit(VECTOR_AC, 0);
	assert_event(CODED(VECTOR_AC), 0);
	vcpu_redeliver(vcpu);
	vcpu_inject_gp(vcpu);
	assert_event(CODED(VECTOR_DF), 0);
	vcpu_inject_gp(vcpu);
	assert_string_not_equal(stopped, "");
}

static void nmis(void **state)
{
	enable_apic();
	receive_message(APIC_NMI, 0);
	/* STI still blocks it: the guest exits at the end of the blocking. */
	vcpu_deliver(vcpu);
	assert_int_equal(vmread(VMCS_VM_ENTRY_INTERRUPTION_INFORMATION), 0);
	assert_true(vcpu->controls.value[CONTROLS_CPU] &
		    CPU_INTERRUPT_WINDOW_EXITING);
	vmwrite(VMCS_GUEST_INTERRUPTIBILITY_STATE, 0);
	run_exit(EXIT_INTERRUPT_WINDOW, 0);
	vcpu_deliver(vcpu);
	assert_int_equal(vmread(VMCS_VM_ENTRY_INTERRUPTION_INFORMATION),
			 VMX_INTR(INTR_NMI, VECTOR_NMI));
	assert_int_equal(vcpu->controls.value[CONTROLS_CPU], 0);
}

/* Returns the event that the next entry injects, when the delivery is over. */
static u32 entry_injects(void)
{
	vmwrite(VMCS_VM_ENTRY_INTERRUPTION_INFORMATION, 0);
	vcpu_deliver(vcpu);
	return vmread(VMCS_VM_ENTRY_INTERRUPTION_INFORMATION);
}

/*
 * Without virtual NMIs, an interrupted delivery of an NMI blocks the next NMI.
 */
static void nmi_broken_off(void **state)
{
	const u32 nmi = VMX_INTR(INTR_NMI, VECTOR_NMI);

	vcpu->controls.value[CONTROLS_PIN] = 0;
	vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
	vmwrite(VMCS_GUEST_INTERRUPTIBILITY_STATE, 0);
	enable_apic();
	receive_message(APIC_NMI, 0);
	assert_int_equal(entry_injects(), nmi);
	receive_message(APIC_NMI, 0);
	vcpu->exit.idt_vectoring = nmi;
	vcpu_redeliver(vcpu);
	assert_int_equal(entry_injects(), nmi);
	vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
	assert_int_equal(entry_injects(), 0);
	/* The handler is over. */
	vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
	assert_int_equal(entry_injects(), nmi);
}

/* An IRET has faulted, and the processor has unblocked NMIs (27.2.3). */
static void iret_faults(void **state)
{
	vcpu->exit.interruption = FAULT(VECTOR_PF) | VMX_INTR_NMI_UNBLOCKED;
	run_exit(EXIT_EXCEPTION_OR_NMI, 0);
	assert_true(vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE) &
		    BLOCKING_BY_NMI);
}

static void debug(void **state)
{
	fake.dr[6] = DR6_RESET;
	vmwrite(VMCS_GUEST_DR7, DR7_GD);
	vcpu->exit.interruption = FAULT(VECTOR_DB);
	run_exit(EXIT_EXCEPTION_OR_NMI, DR6_BD);
	assert_event(FAULT(VECTOR_DB), 0);
	assert_int_equal(fake.dr[6], DR6_RESET | DR6_BD);
	assert_int_equal(vmread(VMCS_GUEST_DR7), 0);
	assert_int_equal(vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE), 0);
	/* INT1, which sets no bit of DR6. */
	vcpu->exit.interruption =
		VMX_INTR(INTR_PRIVILEGED_SOFTWARE_EXCEPTION, VECTOR_DB);
	run_exit(EXIT_EXCEPTION_OR_NMI, 0);
	assert_event(vcpu->exit.interruption, 0);
	assert_int_equal(vcpu->event.length, LENGTH);
	assert_int_equal(fake.dr[6], DR6_RESET | DR6_BD);
}

/* Without virtual NMIs the blocking is the machine's: no entry keeps it. */
static void no_virtual_nmis(void **state)
{
	vmwrite(VMCS_GUEST_INTERRUPTIBILITY_STATE, BLOCKING_BY_NMI);
	vcpu_deliver(vcpu);
	assert_int_equal(vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE),
			 BLOCKING_BY_NMI);
	set_up(state);
	vcpu->controls.value[CONTROLS_PIN] = 0;
	for (u32 entry = 0; entry < 2; entry++) {
		vmwrite(VMCS_GUEST_INTERRUPTIBILITY_STATE, BLOCKING_BY_NMI);
		vcpu_deliver(vcpu);
		assert_int_equal(vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE), 0);
	}
}

/* Most entries have nothing to do. A window that is open is closed first. */
static void most_entries(void **state)
{
	vcpu_deliver(vcpu);
	fake.reads = fake.traffic.writes = 0;
	assert_false(vcpu_deliver(vcpu));
	assert_int_equal(fake.reads + fake.traffic.writes, 0);
	enable_apic();
	receive_message(APIC_NMI, 0);
	vcpu_deliver(vcpu);
	assert_int_not_equal(vcpu->controls.value[CONTROLS_CPU], 0);
	devices_take_nmi(&vm.devices);
	vcpu_deliver(vcpu);
	assert_int_equal(vcpu->controls.value[CONTROLS_CPU], 0);
	assert_false(vcpu_deliver(vcpu));
}

/* An NMI that is blocked is no interrupt. */
static void blocked_nmi(void **state)
{
	vmwrite(VMCS_GUEST_INTERRUPTIBILITY_STATE, BLOCKING_BY_NMI);
	enable_apic();
	receive_message(APIC_NMI, 0);
	assert_int_equal(entry_injects(), 0);
	assert_true(vcpu->controls.value[CONTROLS_CPU] &
		    CPU_NMI_WINDOW_EXITING);
	receive_message(APIC_FIXED, 0x40);
	assert_int_equal(entry_injects(), VMX_INTR(INTR_EXTERNAL, 0x40));
}

static void no_handler(void **state)
{
	exception_exit(VECTOR_TS, 0);
	assert_string_equal(stopped, "unexpected exception #TS");
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(halts),	      TEST(page_fault_goes_in),
		TEST(broken_off),     TEST(nmis),
		TEST(iret_faults),    TEST(debug),
		TEST(no_handler),     TEST(no_virtual_nmis),
		TEST(nmi_broken_off), TEST(most_entries),
		TEST(blocked_nmi),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
