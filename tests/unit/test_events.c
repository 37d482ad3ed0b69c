/* SPDX-License-Identifier: MIT */
/* The next event of a guest, and its delivery; exceptions during a delivery. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "vmx/controls.h"
#include "vmx/events/events.h"

/* --- Exceptions that meet --------------------------------------------------- */

static const u8 benign[] = { VECTOR_DB, VECTOR_NMI, VECTOR_BP, VECTOR_OF,
			     VECTOR_BR, VECTOR_UD,  VECTOR_NM, VECTOR_MF,
			     VECTOR_AC, VECTOR_MC,  VECTOR_XM };
static const u8 contributory[] = { VECTOR_DE, VECTOR_TS, VECTOR_NP,
				   VECTOR_SS, VECTOR_GP, VECTOR_CP };
static const u8 page_fault[] = { VECTOR_PF, VECTOR_VE };
static const u8 double_fault[] = { VECTOR_DF };

#define CLASS(array)                                                           \
	{                                                                      \
		array, ARRAY_SIZE(array)                                       \
	}

static const struct {
	const u8 *vectors;
	size_t count;
} classes[] = { CLASS(benign), CLASS(contributory), CLASS(page_fault),
		CLASS(double_fault) };

/* SDM vol. 3A, table 6-5 and the text after it; rows: the first exception. */
static const enum combined_event table_6_5[4][3] = {
	{ EVENT_SECOND, EVENT_SECOND, EVENT_SECOND },
	{ EVENT_SECOND, EVENT_DOUBLE_FAULT, EVENT_SECOND },
	{ EVENT_SECOND, EVENT_DOUBLE_FAULT, EVENT_DOUBLE_FAULT },
	{ EVENT_SECOND, EVENT_TRIPLE_FAULT, EVENT_TRIPLE_FAULT },
};

static void exceptions_meet(void **state)
{
	for (int a = 0; a < 4; a++)
		for (int b = 0; b < 3; b++)
			for (size_t i = 0; i < classes[a].count; i++)
				for (size_t j = 0; j < classes[b].count; j++)
					assert_int_equal(
						combine_events(
							VMX_INTR(
								INTR_HARDWARE_EXCEPTION,
								classes[a].vectors
									[i]),
							classes[b].vectors[j]),
						table_6_5[a][b]);
}

/* Interrupts and software events are benign, whatever their vector. */
static void interrupts_are_benign(void **state)
{
	static const enum vmx_intr_type types[] = {
		INTR_EXTERNAL, INTR_NMI, INTR_SOFTWARE_INTERRUPT,
		INTR_PRIVILEGED_SOFTWARE_EXCEPTION, INTR_SOFTWARE_EXCEPTION
	};

	assert_int_equal(combine_events(0, VECTOR_GP), EVENT_SECOND);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		assert_int_equal(combine_events(VMX_INTR(types[i], VECTOR_PF),
						VECTOR_PF),
				 EVENT_SECOND);
		assert_int_equal(combine_events(VMX_INTR(types[i], VECTOR_DF),
						VECTOR_GP),
				 EVENT_SECOND);
	}
}

#define EXCEPTION(vector) VMX_INTR(INTR_HARDWARE_EXCEPTION, vector)

static void assert_event(const struct vmx_event *event, u32 info,
			 u32 error_code, u32 length)
{
	assert_int_equal(event->info, info);
	assert_int_equal(event->error_code, error_code);
	assert_int_equal(event->length, length);
}

static void raised(void **state)
{
	struct vmx_event event = event_exception(VECTOR_UD, false, 0);

	assert_event(&event, EXCEPTION(VECTOR_UD), 0, 0);
	/* In the place of an interrupt, and of an instruction's own event. */
	event = (struct vmx_event){
		.info = VMX_INTR(INTR_SOFTWARE_INTERRUPT, 0x80), .length = 2
	};
	assert_true(event_combine(&event, VECTOR_GP, true, 0x402));
	assert_event(&event, EXCEPTION(VECTOR_GP) | VMX_INTR_ERROR_CODE, 0x402,
		     0);
	/* #GP and #NP are a double fault, whose error code is 0. */
	assert_true(event_combine(&event, VECTOR_NP, true, 0x1234));
	assert_event(&event, EXCEPTION(VECTOR_DF) | VMX_INTR_ERROR_CODE, 0, 0);
	assert_false(event_combine(&event, VECTOR_PF, true, 2));
}

/* --- Events whose delivery an exit has broken off --------------------------- */

static void again(void **state)
{
	static const struct {
		enum vmx_intr_type type;
		bool has_length;
	} types[] = {
		{ INTR_EXTERNAL, false },
		{ INTR_NMI, false },
		{ INTR_HARDWARE_EXCEPTION, false },
		{ INTR_SOFTWARE_INTERRUPT, true },
		{ INTR_PRIVILEGED_SOFTWARE_EXCEPTION, true },
		{ INTR_SOFTWARE_EXCEPTION, true },
	};
	struct vmx_event event;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		event = event_again(VMX_INTR(types[i].type, 3), 0xbad, 2);
		assert_event(&event, VMX_INTR(types[i].type, 3), 0,
			     types[i].has_length ? 2 : 0);
	}
	/* With its error code, and without bit 12, which entries reserve. */
	event = event_again(EXCEPTION(VECTOR_SS) | VMX_INTR_ERROR_CODE |
				    VMX_INTR_NMI_UNBLOCKED,
			    0x18, 2);
	assert_event(&event, EXCEPTION(VECTOR_SS) | VMX_INTR_ERROR_CODE, 0x18,
		     0);
	event = event_again((u32)~VMX_INTR_VALID, 0x18, 2);
	assert_event(&event, 0, 0, 0);
}

static void int1(void **state)
{
	struct vmx_event event = event_int1(1);

	assert_event(&event,
		     VMX_INTR(INTR_PRIVILEGED_SOFTWARE_EXCEPTION, VECTOR_DB), 0,
		     1);
}

/* SDM vol. 3B, 17.3.1.1. */
static void rf_is_pushed(void **state)
{
	assert_int_equal(event_rflags(EXCEPTION(VECTOR_PF), RFLAGS_IF),
			 RFLAGS_IF | RFLAGS_RF);
	assert_int_equal(event_rflags(EXCEPTION(VECTOR_GP), RFLAGS_RF),
			 RFLAGS_RF);
	assert_int_equal(event_rflags(EXCEPTION(VECTOR_DB), 0), 0);
	assert_int_equal(event_rflags(EXCEPTION(VECTOR_DF), 0), 0);
	assert_int_equal(event_rflags(VMX_INTR(INTR_EXTERNAL, 0x30), 0), 0);
	assert_int_equal(event_rflags(VMX_INTR(INTR_NMI, VECTOR_NMI), 0), 0);
	assert_int_equal(
		event_rflags(VMX_INTR(INTR_SOFTWARE_EXCEPTION, VECTOR_BP), 0),
		0);
}

/* SDM vol. 3C, 25.3 and 27.2.3. */
static void fault_of_iret(void **state)
{
	u32 iret = EXCEPTION(VECTOR_PF) | VMX_INTR_NMI_UNBLOCKED;
	const struct readiness again = { .tracks_nmis = true };
	const struct readiness injected = { .tracks_nmis = true, .due = true };
	/* Without virtual NMIs software ends the blocking, not the IRET. */
	const struct readiness software = { .nmi_blocked = true };

	assert_true(exit_blocks_nmis(iret, 0, &again));
	assert_false(exit_blocks_nmis(EXCEPTION(VECTOR_PF), 0, &again));
	assert_false(exit_blocks_nmis(
		EXCEPTION(VECTOR_DF) | VMX_INTR_NMI_UNBLOCKED, 0, &again));
	/* During the delivery of another event the fault is not the IRET's. */
	assert_false(
		exit_blocks_nmis(iret, VMX_INTR(INTR_EXTERNAL, 0x30), &again));
	assert_false(exit_blocks_nmis(iret, 0, &injected));
	assert_false(exit_blocks_nmis(iret, 0, &software));
}

static void debug_registers(void **state)
{
	u64 dr6 = DR6_RESET | DR6_BD | BIT(1);

	/* B0 to B3 are this exception's, BD and BS stay until cleared. */
	assert_int_equal(dr6_after_debug(dr6, DR6_BS),
			 DR6_RESET | DR6_BD | DR6_BS);
	assert_int_equal(dr6_after_debug(DR6_RESET | DR6_BS, BIT(0)),
			 DR6_RESET | DR6_BS | BIT(0));
	/* The qualification's other bits are no bits of DR6. */
	assert_int_equal(dr6_after_debug(DR6_RESET, BIT(12) | BIT(16)),
			 DR6_RESET);
}

/* --- Before an entry -------------------------------------------------------- */

/* A guest that takes everything. */
static const struct readiness open = { .rflags = RFLAGS_IF,
				       .tracks_nmis = true };

static struct readiness blocked_by(u32 interruptibility)
{
	struct readiness ready = open;

	ready.interruptibility = interruptibility;
	return ready;
}

static void next(void **state)
{
	struct readiness sti = blocked_by(BLOCKING_BY_STI),
			 mov_ss = blocked_by(BLOCKING_BY_MOV_SS),
			 in_nmi = blocked_by(BLOCKING_BY_NMI), masked = open,
			 due = open;

	masked.rflags = 0;
	due.due = true;
	assert_int_equal(next_event(&open, false, false), NEXT_NONE);
	assert_int_equal(next_event(&open, true, true), NEXT_NMI);
	assert_int_equal(next_event(&open, false, true), NEXT_INTERRUPT);
	assert_int_equal(next_event(&masked, true, true), NEXT_NMI);
	assert_int_equal(next_event(&masked, false, true), NEXT_NONE);
	assert_int_equal(next_event(&sti, true, true), NEXT_NONE);
	assert_int_equal(next_event(&due, true, true), NEXT_NONE);
	assert_int_equal(next_event(&mov_ss, true, true), NEXT_NONE);
	assert_int_equal(next_event(&in_nmi, true, false), NEXT_NONE);
	assert_int_equal(next_event(&in_nmi, true, true), NEXT_INTERRUPT);
	assert_true(can_take_interrupt(&open));
	assert_false(can_take_interrupt(&sti));
	assert_false(can_take_interrupt(&mov_ss));
	assert_false(can_take_interrupt(&masked));
}

/* Where the processor does not track NMIs, its own blocking means nothing. */
static void next_without_virtual_nmis(void **state)
{
	struct readiness ready = blocked_by(BLOCKING_BY_NMI);

	ready.tracks_nmis = false;
	assert_int_equal(next_event(&ready, true, false), NEXT_NMI);
	ready.nmi_blocked = true;
	assert_int_equal(next_event(&ready, true, false), NEXT_NONE);
	assert_int_equal(event_windows(&ready, true, false),
			 CPU_INTERRUPT_WINDOW_EXITING);
	assert_int_equal(event_windows(&ready, false, false), 0);
	assert_true(entry_unblocks_nmis(0, false));
}

static void windows(void **state)
{
	struct readiness sti = blocked_by(BLOCKING_BY_STI),
			 in_nmi = blocked_by(BLOCKING_BY_NMI);

	assert_int_equal(event_windows(&open, false, false), 0);
	assert_int_equal(event_windows(&open, false, true),
			 CPU_INTERRUPT_WINDOW_EXITING);
	assert_int_equal(event_windows(&in_nmi, true, false),
			 CPU_NMI_WINDOW_EXITING);
	assert_int_equal(event_windows(&in_nmi, true, true),
			 CPU_NMI_WINDOW_EXITING | CPU_INTERRUPT_WINDOW_EXITING);
	assert_int_equal(event_windows(&sti, true, false),
			 CPU_INTERRUPT_WINDOW_EXITING);
}

/* SDM vol. 3C, 26.3.1.5. */
static void nmi_entry(void **state)
{
	assert_true(entry_unblocks_nmis(VMX_INTR(INTR_NMI, VECTOR_NMI), true));
	assert_false(entry_unblocks_nmis(EXCEPTION(VECTOR_PF), true));
	assert_false(entry_unblocks_nmis(0, true));
}

static void halts(void **state)
{
	struct readiness masked = open, step = open;

	masked.rflags = step.rflags = 0;
	step.due = true;
	assert_int_equal(halt_state(&open, false, false, false), HALT_WAITS);
	assert_int_equal(halt_state(&open, false, true, false), HALT_ENDS);
	assert_int_equal(halt_state(&open, true, false, true), HALT_ENDS);
	assert_int_equal(halt_state(&masked, false, true, true), HALT_WAITS);
	assert_int_equal(halt_state(&masked, false, true, false), HALT_FOREVER);
	assert_int_equal(halt_state(&masked, true, false, false), HALT_ENDS);
	assert_int_equal(halt_state(&step, false, false, false), HALT_ENDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exceptions_meet),
		cmocka_unit_test(interrupts_are_benign),
		cmocka_unit_test(raised),
		cmocka_unit_test(again),
		cmocka_unit_test(int1),
		cmocka_unit_test(rf_is_pushed),
		cmocka_unit_test(fault_of_iret),
		cmocka_unit_test(debug_registers),
		cmocka_unit_test(next),
		cmocka_unit_test(next_without_virtual_nmis),
		cmocka_unit_test(windows),
		cmocka_unit_test(nmi_entry),
		cmocka_unit_test(halts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
