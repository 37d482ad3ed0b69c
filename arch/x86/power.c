/* SPDX-License-Identifier: MIT */
/*
 * Ending the machine, in the ways that real and emulated ones offer.
 */
#include "arch/x86/console.h"
#include "arch/x86/cpu.h"
#include "arch/x86/power.h"
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

static const char *const reason_names[] = {
	[END_GUEST_POWER_OFF] = "guest power-off",
	[END_GUEST_RESET] = "guest reset",
	[END_GUEST_EXIT] = "guest exit",
	[END_GUEST_STOPPED] = "guest stopped",
	[END_REPORT] = "report",
	[END_REFUSED] = "refused",
	[END_VM_ENTRY_FAILURE] = "VM-entry failure",
	[END_PANIC] = "panic",
};

static enum end_method end_method = END_BY_HALT;
static void (*end_hook)(void);

void machine_set_end_method(enum end_method method)
{
	end_method = method;
}

void machine_on_end(void (*fn)(void))
{
	end_hook = fn;
}

static void reset(void)
{
	static const struct table_register no_idt;

	outb(PORT_RESET_CONTROL, RESET_SYSTEM);
	outb(PORT_RESET_CONTROL, RESET_SYSTEM | RESET_CPU);
	outb(PORT_KEYBOARD_COMMAND, KEYBOARD_PULSE_RESET);
	/* Nothing helped: an exception without an IDT shuts down (6.15). */
	lidt(&no_idt);
	asm volatile("int3");
}

void machine_end(enum end_reason reason, int status)
{
	void (*hook)(void) = end_hook;

	interrupts_disable();
	end_hook = NULL;
	if (hook)
		hook();
	log_info("end: %s, status %u", reason_names[reason], (u32)status);
	console_flush();

	switch (end_method) {
	case END_BY_HALT:
		break;
	case END_BY_RESET:
		reset();
		break;
	case END_BY_BOCHS:
		for (const char *s = "Shutdown"; *s; s++)
			outb(PORT_BOCHS_SHUTDOWN, (u8)*s);
		break;
	case END_BY_QEMU:
		outl(PORT_QEMU_EXIT, (u32)status);
		break;
	}
	cpu_halt();
}
