/* SPDX-License-Identifier: MIT */
/* The devices together, and their interrupt lines: see devices.h. */
#include "guest/devices/devices.h"

#include "lib/string.h"

#define IRQ_TIMER 0
#define IRQ_KEYBOARD 1
#define IRQ_SERIAL 4
#define IRQ_RTC 8
#define IRQ_MOUSE 12
#define IRQ_X87 13

static bool send_message(void *ctx, const struct apic_message *message)
{
	struct machine_devices *devices = ctx;

	return lapic_receive(&devices->lapic, message);
}

static u64 tsc_to_ns(void *ctx, u64 tsc)
{
	const struct devices_config *config =
		&((struct machine_devices *)ctx)->config;

	return config->tsc_to_ns(config->ctx, tsc);
}

static void end_of_interrupt(void *ctx, u8 vector)
{
	struct machine_devices *devices = ctx;

	ioapic_end_of_interrupt(&devices->ioapic, vector);
}

void devices_init(struct machine_devices *devices,
		  const struct devices_config *config)
{
	memset(devices, 0, sizeof(*devices));
	devices->config = *config;
	uart_init(&devices->uart, config->console, config->ctx);
	pic_init(&devices->pic);
	lapic_init(&devices->lapic,
		   &(struct lapic_config){ .tsc_to_ns = tsc_to_ns,
					   .end_of_interrupt = end_of_interrupt,
					   .ctx = devices,
					   .maxphyaddr = config->maxphyaddr });
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

	if (level)
		devices->lines |= BIT(irq);
	else
		devices->lines &= ~BIT(irq);
	pic_set_irq(&devices->pic, irq, level);
	ioapic_set_input(&devices->ioapic, input, level);
}

/* The 8259s' output goes to the local APIC, and to the I/O APIC's input 0. */
static void update_pic_output(struct machine_devices *devices)
{
	bool output = pic_pending(&devices->pic);

	lapic_set_lint(&devices->lapic, 0, output);
	ioapic_set_input(&devices->ioapic, 0, output);
}

static u32 line(u8 irq, bool level)
{
	return (u32)level << irq;
}

/* Returns the levels of all lines but the timer's, which gives edges. */
static u32 line_levels(const struct machine_devices *devices)
{
	return line(IRQ_SERIAL, uart_irq(&devices->uart)) |
	       line(IRQ_RTC, rtc_irq(&devices->rtc)) |
	       line(PM_IRQ, pm_irq(&devices->pm)) |
	       line(IRQ_KEYBOARD, i8042_keyboard_irq(&devices->i8042)) |
	       line(IRQ_MOUSE, i8042_mouse_irq(&devices->i8042)) |
	       line(IRQ_X87, devices->ferr);
}

void devices_update_lines(struct machine_devices *devices)
{
	u32 levels, left;

	devices->quiet = false;
	/* The guest's answer to an x87 error ends with the interrupt. */
	devices->ignne = devices->ignne && devices_in_service(devices);
	levels = line_levels(devices);
	/* A line that stays high may be level-triggered, and request again. */
	for (left = levels | (devices->lines & ~BIT(IRQ_TIMER)); left;
	     left &= left - 1) {
		u8 irq = __builtin_ctz(left);

		set_line(devices, irq, levels & BIT(irq));
	}
	update_pic_output(devices);
	/* The processor has reset itself, and with it its machine. */
	if (devices->lapic.init && devices->end == GUEST_RUNS)
		devices->end = GUEST_RESET;
}

void devices_timer_served(struct machine_devices *devices)
{
	devices->quiet = false;
	if (devices->ignne)
		devices_update_lines(devices);
}

/* Returns true if a request of the 8259s reaches the processor as such. */
static bool pic_is_let_through(const struct machine_devices *devices)
{
	return lapic_passes_extint(&devices->lapic) ||
	       ioapic_is_extint(&devices->ioapic, 0);
}

/* Returns true if the guest takes the timer's interrupts from the 8259s. */
static bool pic_has_timer(const struct machine_devices *devices)
{
	return pic_is_let_through(devices) &&
	       !pic_masked(&devices->pic, IRQ_TIMER);
}

static bool ioapic_has_timer(const struct machine_devices *devices)
{
	return !ioapic_masked(&devices->ioapic, GUEST_IOAPIC_TIMER_INPUT);
}

/* Returns true if the processor has not yet taken the timer's last edge. */
static bool timer_is_requested(const struct machine_devices *devices)
{
	const struct ioapic *io = &devices->ioapic;

	if (pic_has_timer(devices))
		return pic_requested(&devices->pic, IRQ_TIMER);
	return ioapic_has_timer(devices) &&
	       lapic_requested(&devices->lapic,
			       ioapic_vector(io, GUEST_IOAPIC_TIMER_INPUT));
}

/*
 * The interrupt controllers remember one edge. If Umbra comes late (it was
 * busy, or the guest's exits took long), further edges would be lost, and a
 * guest that counts ticks would lose time. So they wait here, and each call
 * delivers one.
 */
static void deliver_timer(struct machine_devices *devices)
{
	devices->timer_due = false;
	if (!devices->timer_backlog || timer_is_requested(devices))
		return;
	devices->timer_backlog--;
	set_line(devices, IRQ_TIMER, false);
	set_line(devices, IRQ_TIMER, true);
	update_pic_output(devices);
}

static void tick_timer(struct machine_devices *devices, u64 now)
{
	u64 edges = pit_tick(&devices->pit, now);
	u64 limit = PIT_HZ / devices->pit.channel[0].count; /* one second */

	if (devices->timer_due)
		deliver_timer(devices);
	/* A guest that has masked the line does not rely on its ticks. */
	if (!pic_has_timer(devices) && !ioapic_has_timer(devices))
		limit = 1;
	devices->timer_backlog =
		MIN(devices->timer_backlog + edges, MAX(limit, 1ULL));
	if (edges)
		deliver_timer(devices);
}

void devices_tick(struct machine_devices *devices, u64 now)
{
	tick_timer(devices, now);
	rtc_tick(&devices->rtc, now);
	pm_tick(&devices->pm, now);
	devices_hold(devices, 0);
	lapic_tick(&devices->lapic, now);
	devices_update_lines(devices);
}

u64 devices_next_event(const struct machine_devices *devices)
{
	u64 pit = pit_next_event(&devices->pit);
	u64 rtc = rtc_next_event(&devices->rtc);
	u64 lapic = lapic_next_event(&devices->lapic);
	u64 pm = pm_next_event(&devices->pm);

	if (devices->timer_due)
		return 0;
	return MIN(MIN(pit, rtc), MIN(lapic, pm));
}

bool devices_read_msr(struct machine_devices *devices, u32 index, u64 *value,
		      u64 now)
{
	/*
	 * A read of an address without a register is an error, which may
	 * interrupt.
	 */
	devices->quiet = false;
	return lapic_read_msr(&devices->lapic, index, value, now);
}

bool devices_write_msr(struct machine_devices *devices, u32 index, u64 value,
		       u64 now)
{
	bool done = lapic_write_msr(&devices->lapic, index, value, now);

	if (index == IA32_TSC_DEADLINE)
		devices_timer_served(devices);
	else
		devices_update_lines(devices);
	return done;
}

static bool pic_interrupts(const struct machine_devices *devices)
{
	return pic_pending(&devices->pic) && pic_is_let_through(devices);
}

bool devices_interrupt_pending(const struct machine_devices *devices)
{
	return lapic_pending(&devices->lapic) != LAPIC_NO_VECTOR ||
	       pic_interrupts(devices);
}

void devices_set_cr8(struct machine_devices *devices, u8 cr8)
{
	devices->quiet = false;
	lapic_set_cr8(&devices->lapic, cr8);
}

bool devices_check_quiet(struct machine_devices *devices)
{
	devices->quiet = !devices_nmi_pending(devices) &&
			 !devices_interrupt_pending(devices);
	return devices->quiet;
}

/* The 8259s come first: no priority of the local APIC holds them back. */
u8 devices_acknowledge(struct machine_devices *devices)
{
	u8 vector;

	if (pic_interrupts(devices)) {
		vector = pic_acknowledge(&devices->pic);
		update_pic_output(devices);
	} else {
		vector = lapic_acknowledge(&devices->lapic);
	}
	/*
	 * The next edge waits for a tick, so that the guest's own code runs,
	 * too.
	 */
	devices->timer_due = devices->timer_backlog &&
			     !timer_is_requested(devices);
	return vector;
}

bool devices_in_service(const struct machine_devices *devices)
{
	return pic_in_service(&devices->pic) ||
	       lapic_in_service(&devices->lapic);
}

bool devices_nmi_pending(const struct machine_devices *devices)
{
	return devices->lapic.nmi;
}

void devices_take_nmi(struct machine_devices *devices)
{
	devices->lapic.nmi = false;
}

bool devices_can_raise_nmi(const struct machine_devices *devices)
{
	return lapic_can_raise_nmi(&devices->lapic) ||
	       ioapic_can_send_nmi(&devices->ioapic);
}

bool devices_x87_error(struct machine_devices *devices)
{
	devices->ferr = !devices->ignne;
	devices_update_lines(devices);
	return devices->ignne;
}

bool devices_console_input(struct machine_devices *devices, u8 byte)
{
	bool taken = uart_receive(&devices->uart, byte);

	devices_update_lines(devices);
	return taken;
}
