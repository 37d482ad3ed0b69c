/* SPDX-License-Identifier: MIT */
/*
 * A serial port keeps 16 bytes, which come in 1.4 ms at 115,200 baud. If input
 * could not interrupt Umbra, Umbra would have to look at the port once in a
 * millisecond: each look would be an exit. So the port's IRQ goes by the first
 * 8259 to the local APIC's pin LINT0, as on the first PCs: that needs no table
 * of the firmware's. Not each machine has its ports' IRQs there, so this tries
 * it out first.
 */
#include "arch/x86/apic.h"
#include "arch/x86/console/serial.h"
#include "arch/x86/console/wake.h"
#include "arch/x86/cpu.h"
#include "arch/x86/i8259.h"
#include "arch/x86/time.h"
#include "lib/log.h"

#define TRIAL_NS (10 * NS_PER_MS)

static bool works;

static bool comes(void)
{
	u64 end = time_ns() + TRIAL_NS;

	while (!i8259_take()) {
		if (time_ns() >= end)
			return false;
		cpu_take_interrupts();
	}
	return true;
}

/*
 * A port that can send interrupts at once: that tells if the way is open. It
 * must be so twice, since an 8259 that waits for an EOI would be silent after
 * the first time.
 */
static bool try_out(void)
{
	bool good = true;

	apic_accept_8259(true);
	serial_flush();
	for (int i = 0; i < 2 && good; i++) {
		serial_interrupt_at(SERIAL_NEVER);
		cpu_take_interrupts();
		i8259_take();
		serial_interrupt_at(SERIAL_CAN_SEND);
		good = comes();
	}
	serial_interrupt_at(good ? SERIAL_HAS_RECEIVED : SERIAL_NEVER);
	cpu_take_interrupts();
	i8259_take();
	return good;
}

void wake_init(void)
{
	unsigned int irq = serial_irq();

	if (!irq) {
		works = !serial_is_used();
		return;
	}
	works = i8259_allow(irq) && try_out();
	if (works)
		return;
	i8259_forbid();
	apic_accept_8259(false);
	log_info("console: the serial port does not interrupt by IRQ %u: its "
		 "input is polled",
		 irq);
}

bool wake_works(void)
{
	return works;
}

bool wake_take(void)
{
	return i8259_take();
}
