/* SPDX-License-Identifier: MIT */
/* The devices together, and their interrupt lines: see devices.h. */
#include "guest/devices.h"

#include "guest/acpi.h"
#include "lib/string.h"

#define IRQ_TIMER 0
#define IRQ_KEYBOARD 1
#define IRQ_SERIAL 4
#define IRQ_RTC 8
#define IRQ_MOUSE 12

/* There is no local APIC yet to take it. */
static bool send_message(void *ctx, const struct apic_message *message)
{
	return false;
}

void devices_init(struct machine_devices *devices,
		  const struct devices_config *config)
{
	memset(devices, 0, sizeof(*devices));
	devices->config = *config;
	uart_init(&devices->uart, config->console, config->ctx);
	pic_init(&devices->pic);
	ioapic_init(&devices->ioapic, send_message, devices);
	pit_init(&devices->pit);
	rtc_init(&devices->rtc, config->rtc_read, config->memory);
	i8042_init(&devices->i8042);
	pm_init(&devices->pm);
}

/* A line of the ISA bus goes to both kinds of controller. */
static void set_line(struct machine_devices *devices, u8 irq, bool level)
{
	unsigned int input = irq == IRQ_TIMER ? GUEST_IOAPIC_TIMER_INPUT : irq;

	pic_set_irq(&devices->pic, irq, level);
	ioapic_set_input(&devices->ioapic, input, level);
}

void devices_update_lines(struct machine_devices *devices)
{
	set_line(devices, IRQ_SERIAL, uart_irq(&devices->uart));
	set_line(devices, IRQ_RTC, rtc_irq(&devices->rtc));
	set_line(devices, PM_IRQ, pm_irq(&devices->pm));
	set_line(devices, IRQ_KEYBOARD, i8042_keyboard_irq(&devices->i8042));
	set_line(devices, IRQ_MOUSE, i8042_mouse_irq(&devices->i8042));
}

/*
 * The interrupt controller remembers one edge. If Umbra comes late (it was
 * busy, or the guest's exits took long), the others would be lost, and with
 * them time in a guest that counts ticks; so they wait here for their turn.
 */
static void deliver_timer(struct machine_devices *devices)
{
	if (!devices->timer_backlog || pic_requested(&devices->pic, IRQ_TIMER))
		return;
	devices->timer_backlog--;
	set_line(devices, IRQ_TIMER, false);
	set_line(devices, IRQ_TIMER, true);
}

static void tick_timer(struct machine_devices *devices, u64 now)
{
	u64 edges = pit_tick(&devices->pit, now);
	u64 limit = PIT_HZ / devices->pit.channel[0].count; /* one second */

	if (!edges)
		return;
	/* A guest that has masked the line does not count on its ticks. */
	if (pic_masked(&devices->pic, IRQ_TIMER))
		limit = 1;
	devices->timer_backlog =
		MIN(devices->timer_backlog + edges, MAX(limit, 1ULL));
	deliver_timer(devices);
}

void devices_tick(struct machine_devices *devices, u64 now)
{
	tick_timer(devices, now);
	rtc_tick(&devices->rtc, now);
	pm_tick(&devices->pm, now);
	devices_update_lines(devices);
}

u64 devices_next_event(const struct machine_devices *devices)
{
	u64 next = MIN(pit_next_event(&devices->pit),
		       rtc_next_event(&devices->rtc));

	return MIN(next, pm_next_event(&devices->pm));
}

bool devices_interrupt_pending(const struct machine_devices *devices)
{
	return pic_pending(&devices->pic);
}

u8 devices_acknowledge(struct machine_devices *devices)
{
	u8 vector = pic_acknowledge(&devices->pic);

	deliver_timer(devices);
	return vector;
}

bool devices_console_input(struct machine_devices *devices, u8 byte)
{
	bool taken = uart_receive(&devices->uart, byte);

	devices_update_lines(devices);
	return taken;
}
