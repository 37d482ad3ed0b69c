/* SPDX-License-Identifier: MIT */
/*
 * The handlers for interruptions of Umbra itself. Exceptions are bugs of ours
 * and end in a panic, unless the instruction has an entry in the exception
 * table: then the fault was expected. Interrupts are the APIC timer's and the
 * console's (console/wake.c). An NMI is dropped, unless the machine reports an
 * error of its memory or a device.
 */
#include "arch/x86/apic.h"
#include "arch/x86/cpu.h"
#include "arch/x86/gdt.h"
#include "arch/x86/i8259.h"
#include "arch/x86/msr.h"
#include "arch/x86/panic.h"
#include "arch/x86/trap.h"
#include "lib/log.h"

#define IDT_ENTRIES 256
#define STUB_SIZE 16 /* as in trap_entry.asm */

/* System control port B, which has the reason of an NMI. */
#define PORT_SYSTEM_B 0x61
#define SYSTEM_B_MEMORY 0x80 /* parity error or SERR# */
#define SYSTEM_B_IO_CHECK 0x40

struct ex_entry {
	u64 from, to;
};

extern const u8 trap_stubs[];
extern const struct ex_entry ex_table_start[], ex_table_end[];
void trap_handle(struct trap_frame *frame);

static struct gate idt[IDT_ENTRIES];

void trap_init(void)
{
	struct table_register idtr = { sizeof(idt) - 1, (u64)idt };

	for (unsigned int v = 0; v < IDT_ENTRIES; v++)
		idt[v] = gate_to((u64)trap_stubs + (u64)v * STUB_SIZE,
				 SELECTOR_CODE, GATE_INTERRUPT);
	idt[VECTOR_NMI].ist = stack_ist(STACK_NMI);
	idt[VECTOR_MC].ist = stack_ist(STACK_MC);
	idt[VECTOR_DF].ist = stack_ist(STACK_DF);
	lidt(&idtr);
}

u64 idt_base(void)
{
	return (u64)idt;
}

/* Handles an NMI, also one that has caused a VM exit. Panics on an error. */
static void trap_handle_nmi(void)
{
	u8 reason = inb(PORT_SYSTEM_B);

	/* All ones: there is no such port on this machine. */
	if (reason == 0xff)
		return;
	if (reason & SYSTEM_B_MEMORY)
		panic("NMI: the memory reports an error (port 61h: 0x%x)",
		      reason);
	if (reason & SYSTEM_B_IO_CHECK)
		panic("NMI: a device reports an error (port 61h: 0x%x)",
		      reason);
}

void trap_machine_check(void)
{
	u64 status = 0;

	if (!msr_read_safe(IA32_MCG_STATUS, &status))
		panic("machine check, and no IA32_MCG_STATUS to tell more");
	panic("machine check: the hardware failed, IA32_MCG_STATUS 0x%lx%s%s",
	      status,
	      status & MCG_STATUS_RIPV ? ", restartable" : ", not restartable",
	      status & MCG_STATUS_EIPV ? ", at the instruction" : "");
}

/*
 * Continues at the address that the exception table gives; returns false if it
 * gives none.
 */
static bool fix_up(struct trap_frame *frame)
{
	for (const struct ex_entry *e = ex_table_start; e < ex_table_end; e++) {
		if (e->from == frame->rip) {
			frame->rip = e->to;
			return true;
		}
	}
	return false;
}

static void handle_interrupt(unsigned int vector)
{
	i8259_handle_interrupt(vector);
	apic_handle_interrupt(vector);
}

/* Called by trap_entry.asm. */
void trap_handle(struct trap_frame *frame)
{
	if (frame->vector == VECTOR_NMI)
		trap_handle_nmi();
	else if (frame->vector == VECTOR_MC)
		trap_machine_check();
	else if (frame->vector >= VECTOR_EXCEPTIONS)
		handle_interrupt((unsigned int)frame->vector);
	else if (!fix_up(frame))
		panic_at_trap(frame);
}
