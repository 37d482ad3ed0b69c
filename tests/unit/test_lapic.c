/* SPDX-License-Identifier: MIT */
/* The local APIC: its registers, priorities, messages and modes. */
#include "lapic_world.h"

static void after_reset(void **state)
{
	assert_int_equal(lapic_page(&apic), 0xfee00000);
	assert_int_equal(apic_read(ID), 0);
	assert_int_equal(apic_read(0x30), 0x50014);
	assert_int_equal(apic_read(SVR), 0x1ff);
	assert_int_equal(apic_read(DFR), ~0U);
	assert_int_equal(apic_read(LVTT), 0x10000);
	assert_int_equal(apic_read(LVTE), 0x10000);
	/* Virtual wire mode: the 8259s and NMI are let through. */
	assert_int_equal(apic_read(LVT0), 0x700);
	assert_int_equal(apic_read(LVT1), 0x400);
	assert_true(lapic_passes_extint(&apic));
	assert_int_equal(lapic_pending(&apic), LAPIC_NO_VECTOR);
}

static void registers_keep_what_is_theirs(void **state)
{
	static const struct {
		u32 offset, kept;
	} rows[] = {
		{ TPR, 0xff },	      { LDR, 0xff000000 }, { DFR, ~0U },
		{ LVTT, 0x700ff },    { 0x330, 0x107ff },  { 0x340, 0x107ff },
		{ LVTE, 0x100ff },    { TDCR, 0xb },	   { ID, 0 },
		{ ICR2, 0xff000000 }, { PPR, 0xff },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		apic_write(rows[i].offset, ~0U);
		assert_int_equal(apic_read(rows[i].offset), rows[i].kept);
	}
	/* A part of a register, or bytes beside one: nothing happens. */
	lapic_write(&apic, TPR, 0, 1, now);
	apic_write(TPR + 4, 0);
	assert_int_equal(apic_read(TPR), 0xff);
	assert_int_equal(apic_read(TPR + 4), 0);
}

static void priorities(void **state)
{
	assert_true(apic_receive(0x45, false));
	assert_true(apic_receive(0x61, false));
	assert_true(vector_bit(IRR, 0x45) && vector_bit(IRR, 0x61));
	assert_int_equal(lapic_acknowledge(&apic), 0x61);
	assert_true(vector_bit(ISR, 0x61) && !vector_bit(IRR, 0x61));
	assert_int_equal(apic_read(PPR), 0x60);
	/* Interrupts of a lower class, and of the same, wait. */
	apic_receive(0x6f, false);
	assert_int_equal(lapic_pending(&apic), LAPIC_NO_VECTOR);
	apic_receive(0x70, false);
	assert_int_equal(lapic_acknowledge(&apic), 0x70);
	apic_write(EOI, 0);
	assert_int_equal(lapic_pending(&apic), LAPIC_NO_VECTOR);
	apic_write(EOI, 0);
	apic_write(TPR, 0x6f);
	assert_int_equal(apic_read(PPR), 0x6f);
	assert_int_equal(lapic_pending(&apic), LAPIC_NO_VECTOR);
	/* If it is raised after all: the spurious vector, not in ISR. */
	assert_int_equal(lapic_acknowledge(&apic), 0xff);
	assert_int_equal(apic_read(PPR), 0x6f);
	apic_write(TPR, 0x5f);
	assert_int_equal(lapic_acknowledge(&apic), 0x6f);
	apic_write(EOI, 0);
	apic_write(TPR, 0);
	assert_int_equal(lapic_acknowledge(&apic), 0x45);
	apic_write(EOI, 0);
	apic_write(EOI, 0); /* an EOI without an interrupt ends nothing */
	assert_int_equal(ended, -1); /* edges all */
	lapic_set_cr8(&apic, 0xa);
	assert_int_equal(apic_read(TPR), 0xa0);
	apic_write(TPR, 0x7f);
	assert_int_equal(lapic_cr8(&apic), 7);
}

static void levels_are_ended_at_the_io_apic(void **state)
{
	apic_receive(0x50, true);
	assert_true(vector_bit(TMR, 0x50));
	assert_int_equal(lapic_acknowledge(&apic), 0x50);
	apic_write(EOI, 0);
	assert_int_equal(ended, 0x50);
	/* The next one of that vector may be an edge. */
	apic_receive(0x50, false);
	assert_false(vector_bit(TMR, 0x50));
}

static void send_ipi(u32 destination, u32 low)
{
	apic_write(ICR2, destination << 24);
	apic_write(ICR, low);
}

static bool ipi_arrives(u32 destination, u32 low)
{
	send_ipi(destination, low);
	if (!lapic_requested(&apic, low & 0xff))
		return false;
	lapic_acknowledge(&apic);
	apic_write(EOI, 0);
	return true;
}

static void messages_to_itself(void **state)
{
	assert_true(ipi_arrives(0, 0x4040));
	assert_int_equal(apic_read(ICR), 0x4040);
	assert_false(ipi_arrives(1, 0x4040));
	assert_true(ipi_arrives(0xff, 0x4040)); /* broadcast */
	assert_true(ipi_arrives(7, 0x44040)); /* self */
	assert_true(ipi_arrives(7, 0x84040)); /* all */
	assert_false(ipi_arrives(0, 0xc4040)); /* all but itself */
	assert_true(ipi_arrives(0, 0x4140)); /* lowest priority */
	/* Logical: flat, then by cluster. */
	assert_false(ipi_arrives(1, 0x4840));
	apic_write(LDR, 0x01000000);
	assert_true(ipi_arrives(3, 0x4840));
	assert_false(ipi_arrives(2, 0x4840));
	apic_write(DFR, 0x0fffffff);
	apic_write(LDR, 0x21000000);
	assert_true(ipi_arrives(0x23, 0x4840));
	assert_false(ipi_arrives(0x13, 0x4840));
	assert_false(ipi_arrives(0x22, 0x4840));
	/* A number that is no vector is an error, reported once. */
	apic_write(LVTE, 0x70);
	send_ipi(0, 0x400f);
	assert_int_equal(lapic_acknowledge(&apic), 0x70);
	apic_write(EOI, 0);
	send_ipi(0, 0x400f);
	assert_int_equal(lapic_pending(&apic), LAPIC_NO_VECTOR);
	assert_int_equal(apic_read(ESR), 0); /* not before a write */
	apic_write(ESR, 0);
	assert_int_equal(apic_read(ESR), 0x20);
	apic_write(ESR, 0);
	assert_int_equal(apic_read(ESR), 0);
}

static void nmi_and_init(void **state)
{
	send_ipi(0, 0x4400);
	assert_true(apic.nmi);
	apic.nmi = false;
	lapic_set_lint(&apic, 1, true);
	assert_true(apic.nmi);
	apic.nmi = false;
	lapic_set_lint(&apic, 1, true); /* no edge */
	assert_false(apic.nmi);
	/*
	 * De-asserted, to itself by a shorthand, start-up: none of them resets.
	 */
	send_ipi(0, 0x8500);
	send_ipi(0, 0x44500);
	send_ipi(0, 0x4600);
	assert_false(apic.init);
	send_ipi(0, 0x4500);
	assert_true(apic.init);
}

static void lint0_as_a_level(void **state)
{
	apic_write(LVT0, 0x8038); /* fixed, level */
	assert_false(lapic_passes_extint(&apic));
	lapic_set_lint(&apic, 0, true);
	assert_int_equal(apic_read(LVT0), 0xc038); /* remote IRR */
	assert_int_equal(lapic_acknowledge(&apic), 0x38);
	assert_int_equal(lapic_pending(&apic), LAPIC_NO_VECTOR);
	apic_write(EOI, 0); /* and it is still asserted */
	assert_int_equal(lapic_acknowledge(&apic), 0x38);
	lapic_set_lint(&apic, 0, false);
	apic_write(EOI, 0);
	assert_int_equal(apic_read(LVT0), 0x8038);
	assert_int_equal(lapic_pending(&apic), LAPIC_NO_VECTOR);
}

static void switched_off_by_software(void **state)
{
	apic_write(LVTT, 0x31);
	apic_write(SVR, 0xff);
	assert_int_equal(apic_read(LVTT), 0x10031);
	apic_write(LVTT, 0x31);
	assert_int_equal(apic_read(LVTT), 0x10031); /* the mask stays set */
	assert_false(apic_receive(0x50, false));
	assert_false(lapic_passes_extint(&apic));
	/* NMI and INIT come all the same (10.4.7.2). */
	send_ipi(0, 0x4400);
	assert_true(apic.nmi);
}

static bool write_msr(u32 offset, u64 value)
{
	return lapic_write_msr(&apic, IA32_X2APIC_FIRST + offset / 16, value,
			       now);
}

static bool read_msr(u32 offset, u64 *value)
{
	return lapic_read_msr(&apic, IA32_X2APIC_FIRST + offset / 16, value,
			      now);
}

static void x2apic(void **state)
{
	u64 value;

	assert_false(read_msr(ID, &value)); /* not in this mode */
	assert_false(write_msr(EOI, 0));
	assert_true(lapic_write_msr(&apic, IA32_APIC_BASE, X2APIC, now));
	assert_int_equal(lapic_page(&apic), LAPIC_NOWHERE);
	assert_true(read_msr(ID, &value));
	assert_int_equal(value, 0);
	assert_true(read_msr(LDR, &value));
	assert_int_equal(value, 1);
	/* #GP: no such register, read-only, or reserved bits are set. */
	assert_false(read_msr(DFR, &value));
	assert_false(read_msr(ICR2, &value));
	assert_false(read_msr(EOI, &value));
	assert_false(read_msr(SELF, &value));
	assert_false(write_msr(ID, 0));
	assert_false(write_msr(LDR, 0));
	assert_false(write_msr(DFR, 0));
	assert_false(write_msr(EOI, 1));
	assert_false(write_msr(ESR, 1));
	assert_false(write_msr(TPR, 0x100));
	assert_false(write_msr(SVR, BIT(32)));
	assert_true(write_msr(TPR, 0x10));
	assert_true(write_msr(TPR, 0));
	/* The ICR in one, the destination 32 bits wide. */
	assert_true(write_msr(ICR, 0x41));
	assert_int_equal(lapic_acknowledge(&apic), 0x41);
	assert_true(write_msr(EOI, 0));
	assert_true(write_msr(ICR, 0xff00000041));
	assert_int_equal(lapic_pending(&apic), LAPIC_NO_VECTOR);
	assert_true(write_msr(ICR, 0xffffffff00000042));
	assert_true(read_msr(ICR, &value));
	assert_int_equal(value, 0xffffffff00000042);
	assert_int_equal(lapic_acknowledge(&apic), 0x42);
	write_msr(EOI, 0);
	assert_true(write_msr(ICR, 0x0000000100000843)); /* logical */
	assert_int_equal(lapic_acknowledge(&apic), 0x43);
	write_msr(EOI, 0);
	assert_true(write_msr(ICR, 0x0001000100000843)); /* other cluster */
	assert_int_equal(lapic_pending(&apic), LAPIC_NO_VECTOR);
	assert_true(write_msr(SELF, 0x44));
	assert_int_equal(lapic_acknowledge(&apic), 0x44);
	assert_false(write_msr(SELF, 0x100));
}

static void modes(void **state)
{
	u64 value;

	/* Reserved bits, beyond the width, and x2APIC while disabled. */
	assert_false(lapic_write_msr(&apic, IA32_APIC_BASE, XAPIC | 1, now));
	assert_false(
		lapic_write_msr(&apic, IA32_APIC_BASE, XAPIC | BIT(39), now));
	assert_false(
		lapic_write_msr(&apic, IA32_APIC_BASE, X2APIC & ~BIT(11), now));
	/* Elsewhere. */
	assert_true(lapic_write_msr(&apic, IA32_APIC_BASE,
				    0x10000000 | BIT(8) | BIT(11), now));
	assert_int_equal(lapic_page(&apic), 0x10000000);
	/* From x2APIC there is no way back but by off. */
	assert_true(lapic_write_msr(&apic, IA32_APIC_BASE, X2APIC, now));
	assert_false(lapic_write_msr(&apic, IA32_APIC_BASE, XAPIC, now));
	apic_receive(0x50, false);
	write_msr(TPR, 0x20);
	assert_true(
		lapic_write_msr(&apic, IA32_APIC_BASE, XAPIC & ~BIT(11), now));
	assert_int_equal(lapic_page(&apic), LAPIC_NOWHERE);
	assert_int_equal(lapic_pending(&apic), LAPIC_NO_VECTOR);
	assert_false(apic_receive(0x50, false));
	/* Off, its pins are INTR and NMI. */
	assert_true(lapic_passes_extint(&apic));
	lapic_set_lint(&apic, 1, true);
	assert_true(apic.nmi);
	assert_false(lapic_write_msr(&apic, IA32_APIC_BASE, X2APIC, now));
	assert_true(lapic_write_msr(&apic, IA32_APIC_BASE, XAPIC, now));
	assert_int_equal(apic_read(TPR), 0);
	assert_int_equal(apic_read(SVR), 0xff); /* and off by software */
	assert_true(lapic_read_msr(&apic, IA32_APIC_BASE, &value, now));
	assert_int_equal(value, XAPIC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(after_reset, setup),
		cmocka_unit_test_setup(registers_keep_what_is_theirs, setup),
		cmocka_unit_test_setup(priorities, setup),
		cmocka_unit_test_setup(levels_are_ended_at_the_io_apic, setup),
		cmocka_unit_test_setup(messages_to_itself, setup),
		cmocka_unit_test_setup(nmi_and_init, setup),
		cmocka_unit_test_setup(lint0_as_a_level, setup),
		cmocka_unit_test_setup(switched_off_by_software, setup),
		cmocka_unit_test_setup(x2apic, setup),
		cmocka_unit_test_setup(modes, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
