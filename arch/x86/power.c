/* SPDX-License-Identifier: MIT */
/*
 * Ending the machine, in the ways that real and emulated ones offer.
 */
#include "arch/x86/firmware/acpi.h"
#include "arch/x86/cpu.h"
#include "arch/x86/paging.h"
#include "arch/x86/power.h"
#include "arch/x86/time.h"
#include "lib/log.h"

#define PORT_BOCHS_SHUTDOWN 0x8900 /* takes "Shutdown", byte by byte */
#define PORT_QEMU_EXIT 0xf4 /* isa-debug-exit: exits with 2 * value + 1 */

/* Reset control register of Intel's chipsets: RST_CPU rises with SYS_RST. */
#define PORT_RESET_CONTROL 0xcf9
#define RESET_SYSTEM 0x02
#define RESET_CPU 0x04

/* The keyboard controller pulses the processor's reset line. */
#define PORT_KEYBOARD_COMMAND 0x64
#define KEYBOARD_PULSE_RESET 0xfe

/* PM1_CNT: ACPI Specification 6.4, 4.8.3.2.1. */
#define PM1_SCI_ENABLED BIT(0)
#define PM1_SLEEP_TYPE BITS(12, 10)
#define PM1_SLEEP_TYPE_SHIFT 10
#define PM1_SLEEP BIT(13)
#define ENABLE_POLLS_MAX 1000000 /* 1 s, at a microsecond for an IN */

static const struct {
	const char *name;
	int status; /* 0: the caller's */
} reasons[] = {
	[END_GUEST_POWER_OFF] = { "guest power-off", 0 },
	[END_GUEST_RESET] = { "guest reset", 8 },
	[END_GUEST_EXIT] = { "guest exit", 0 },
	[END_GUEST_STOPPED] = { "guest stopped", 3 },
	[END_REPORT] = { "report", 0 },
	[END_REFUSED] = { "refused", 4 },
	[END_VM_ENTRY_FAILURE] = { "VM-entry failure", 5 },
	[END_PANIC] = { "panic", 6 },
};

#define END_FORMAT "end: %s, status %u%s%s"

static enum end_method end_method = END_BY_HALT;
static u64 seconds_to_read;
static void (*end_hook)(void);
static struct acpi_facts acpi = { .reset_space = ACPI_NO_SPACE };
static volatile u8 *reset_register; /* of reset_space ACPI_MEMORY */

void machine_set_end_method(enum end_method method, u64 seconds)
{
	end_method = method;
	seconds_to_read = seconds;
}

void machine_on_end(void (*fn)(void))
{
	end_hook = fn;
}

void machine_set_acpi(const struct acpi_facts *facts)
{
	acpi = *facts;
	if (acpi.reset_space == ACPI_MEMORY)
		reset_register = paging_map_device(acpi.reset_address, 1);
}

/* Returns if the machine stays on. */
static void power_off(void)
{
	if (!acpi.has_s5 || !acpi.pm1_control[0])
		return;
	/* The firmware may still own the registers (4.7.2.5). */
	if (!(inw(acpi.pm1_control[0]) & PM1_SCI_ENABLED) && acpi.smi_command) {
		outb(acpi.smi_command, acpi.acpi_enable);
		for (int i = 0; i < ENABLE_POLLS_MAX; i++)
			if (inw(acpi.pm1_control[0]) & PM1_SCI_ENABLED)
				break;
	}
	for (int i = 0; i < 2; i++) {
		u16 port = acpi.pm1_control[i], value;

		if (!port)
			continue;
		value = inw(port) & ~(u16)PM1_SLEEP_TYPE;
		outw(port, value | PM1_SLEEP |
				   acpi.s5_type[i] << PM1_SLEEP_TYPE_SHIFT);
	}
}

/* The reset register of the ACPI tables comes first: it is made for this. */
static void reset(void)
{
	static const struct table_register no_idt;

	if (reset_register)
		*reset_register = acpi.reset_value;
	else if (acpi.reset_space == ACPI_IO)
		outb((u16)acpi.reset_address, acpi.reset_value);

	outb(PORT_RESET_CONTROL, RESET_SYSTEM);
	outb(PORT_RESET_CONTROL, RESET_SYSTEM | RESET_CPU);
	outb(PORT_KEYBOARD_COMMAND, KEYBOARD_PULSE_RESET);
	/*
	 * No reset has come. An exception without an IDT shuts the processor
	 * down (SDM vol. 3A, 6.15).
	 */
	lidt(&no_idt);
	asm volatile("int3");
}

/* Without a clock Umbra can't wait for a key. */
static bool has_keyboard(void)
{
	return tsc_hz && log_has_keyboard();
}

static bool waits_for_reader(void)
{
	return tsc_hz && seconds_to_read &&
	       (end_method == END_BY_RESET || end_method == END_BY_POWER_OFF);
}

static void announce_end(void)
{
	if (waits_for_reader())
		log_info("%s in %lu s%s",
			 end_method == END_BY_RESET ? "reset" : "power off",
			 seconds_to_read,
			 has_keyboard() ? ", or at any key; PgUp and PgDn look "
					  "back, and stop the clock"
					: "");
	else if (end_method == END_BY_HALT)
		log_info(has_keyboard() ? "any key resets the machine; PgUp "
					  "and PgDn look back"
					: "no PS/2 keyboard: reset the machine "
					  "by hand");
}

void machine_end(enum end_reason reason, int status, const char *why)
{
	void (*hook)(void) = end_hook;

	interrupts_disable();
	end_hook = NULL;
	if (hook)
		hook();
	if (reasons[reason].status)
		status = reasons[reason].status;
	announce_end();
	log_info(status ? LOG_ERROR END_FORMAT : LOG_HEADLINE END_FORMAT,
		 reasons[reason].name, (u32)status, why ? ": " : "",
		 why ? why : "");
	log_flush();
	if (waits_for_reader())
		log_wait_for_key(seconds_to_read * NS_PER_SEC);

	switch (end_method) {
	case END_BY_HALT:
		break;
	case END_BY_RESET:
		reset();
		break;
	case END_BY_POWER_OFF:
		power_off();
		break;
	case END_BY_BOCHS:
		for (const char *s = "Shutdown"; *s; s++)
			outb(PORT_BOCHS_SHUTDOWN, (u8)*s);
		break;
	case END_BY_QEMU:
		outl(PORT_QEMU_EXIT, (u32)status);
		break;
	}
	if (has_keyboard()) {
		log_wait_for_key(0);
		reset();
	}
	cpu_halt();
}
