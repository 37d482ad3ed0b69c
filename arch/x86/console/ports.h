/* SPDX-License-Identifier: MIT */
/* The serial ports of the machine, and the one that the console is on. */
#ifndef ARCH_X86_CONSOLE_PORTS_H
#define ARCH_X86_CONSOLE_PORTS_H

#include "lib/types.h"

struct acpi_facts;
struct serial_port;

/* In the order of the search: the first port that answers is the console. */
enum port_choice {
	PORT_SPCR, /* the firmware's console, by ACPI */
	PORT_COM1,
	PORT_COM2,
	PORT_COM3,
	PORT_COM4,
	PORT_DBG2, /* a debug port, by ACPI */
	PORT_PCI, /* the 16550 of the first PCI function that has one */
	PORT_AUTO,
	PORT_NONE
};

/* Uses COM1, if it answers, until ports_choose. This is the first call. */
void ports_init(void);

/*
 * Looks for all ports, prints those that answer, and uses the one that the user
 * has chosen (enum port_choice). Returns true if it is another port than
 * before, or has another speed. After paging_init.
 */
bool ports_choose(unsigned int choice, const struct acpi_facts *acpi);

/*
 * Returns the port of that name for a second use, beside the console and @taken
 * (NULL: none). Returns NULL if no port answers there, or if it is one of those
 * two under any name. After ports_choose.
 */
struct serial_port *ports_second(unsigned int choice,
				 const struct serial_port *taken);

#endif
