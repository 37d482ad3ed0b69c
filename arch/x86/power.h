/* SPDX-License-Identifier: MIT */
/*
 * The end of the machine. Every end of a run comes through here, and the
 * last line on the console tells the launcher (tools/run) how it ended.
 */
#ifndef ARCH_X86_POWER_H
#define ARCH_X86_POWER_H

#include "lib/types.h"

enum end_reason {
	END_GUEST_POWER_OFF,
	END_GUEST_RESET,
	END_GUEST_EXIT, /* the guest gave a status of its own */
	END_GUEST_STOPPED, /* the guest did something that Umbra can't handle */
	END_REPORT, /* the user asked for a report, not for a guest */
	END_REFUSED, /* Umbra can't run here, or not with these options */
	END_VM_ENTRY_FAILURE,
	END_PANIC
};

/* How the machine is switched off: the option "exit=". */
enum end_method {
	END_BY_HALT, /* stop, and leave the screen to the reader */
	END_BY_RESET,
	END_BY_POWER_OFF, /* ACPI's soft-off */
	END_BY_BOCHS, /* Bochs's port 8900h */
	END_BY_QEMU /* QEMU's isa-debug-exit device at port F4h */
};

/* Before a reset or a power-off the screen can be read for @seconds. */
void machine_set_end_method(enum end_method method, u64 seconds);

struct acpi_facts;

/* Stores how this machine is switched off and reset; after paging_init(). */
void machine_set_acpi(const struct acpi_facts *facts);

/*
 * Lets machine_end call `fn` once, before the machine ends (after a fault
 * inside `fn` the machine ends without it): VMXOFF must precede a reset (SDM
 * vol. 3C, 23.8).
 */
void machine_on_end(void (*fn)(void));

/*
 * Prints "umbra: end: <reason>, status <status>", ": " and @why (NULL:
 * nothing), and ends the machine. tools/run ends with that status. For the
 * guest's power-off, its exit, and a report it is @status: 32 bits, 0 for
 * success. Each other reason has a status of its own.
 */
void machine_end(enum end_reason reason, int status,
		 const char *why) __noreturn;

#endif
