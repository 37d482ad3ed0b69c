/* SPDX-License-Identifier: MIT */
/*
 * Finds serial ports: at the PC's four addresses, at those in ACPI's tables,
 * and on PCI (AMT's serial-over-LAN is there, too).
 */
#include "arch/x86/firmware/acpi.h"
#include "arch/x86/console/ports.h"
#include "arch/x86/console/serial.h"
#include "arch/x86/paging.h"
#include "arch/x86/pci.h"
#include "lib/log.h"
#include "lib/printf.h"

#define REGISTERS 8
#define IO_MAX 0xfff8 /* the last address of a UART's eight ports */
#define WORDS_SIZE 160
#define DIVISOR_115200 1

/* PCI Local Bus Specification 3.0, appendix D: serial controllers, 16550 and
 * on. */
#define PCI_SERIAL 0x0700
#define PCI_SERIAL_16550 2
#define PCI_SERIAL_16950 6

/* A base address register: 6.2.5.1. */
#define BAR_IO BIT(0)
#define BAR_64 BIT(2)
#define BAR_FLAGS 0xf
#define BAR_IO_FLAGS 0x3

static const char *const port_names[PORT_AUTO] = {
	[PORT_SPCR] = "SPCR", [PORT_COM1] = "COM1", [PORT_COM2] = "COM2",
	[PORT_COM3] = "COM3", [PORT_COM4] = "COM4", [PORT_DBG2] = "DBG2",
	[PORT_PCI] = "PCI",
};

static struct serial_port ports[PORT_NONE + 1] = {
	[PORT_COM1] = { .io = 0x3f8, .divisor = DIVISOR_115200 },
	[PORT_COM2] = { .io = 0x2f8, .divisor = DIVISOR_115200 },
	[PORT_COM3] = { .io = 0x3e8, .divisor = DIVISOR_115200 },
	[PORT_COM4] = { .io = 0x2e8, .divisor = DIVISOR_115200 },
};
static unsigned int in_use = PORT_NONE;

static bool same_place(const struct serial_port *a, const struct serial_port *b)
{
	return a->io == b->io && a->memory == b->memory;
}

static bool is_nowhere(const struct serial_port *port)
{
	return same_place(port, &ports[PORT_NONE]);
}

/*
 * Gives the port a name if a UART answers there. A UART with several names is
 * set up once, for the first of them, so that SPCR's speed stays.
 */
static void probe(unsigned int i)
{
	unsigned int first = 0;

	while (first < i &&
	       (!ports[first].name || !same_place(&ports[first], &ports[i])))
		first++;
	ports[i] = ports[first];
	ports[i].name =
		first < i || (!is_nowhere(&ports[i]) && serial_probe(&ports[i]))
			? port_names[i]
			: NULL;
}

static void use(unsigned int i)
{
	in_use = i;
	serial_use(&ports[i]);
}

void ports_init(void)
{
	probe(PORT_COM1);
	if (ports[PORT_COM1].name)
		use(PORT_COM1);
}

/* An impossible address, which must not be touched, makes it nowhere. */
static void set_place(struct serial_port *port, bool in_memory, u64 address,
		      u8 stride)
{
	*port = (struct serial_port){ .stride = stride };
	if (!in_memory && address <= IO_MAX)
		port->io = (u16)address;
	else if (in_memory && address &&
		 (stride == 1 || stride == sizeof(u32)) &&
		 address % stride == 0)
		port->memory = paging_map_device(address, REGISTERS * stride);
}

/* Keeps the firmware's speed, also of COM1, which ports_init has changed. */
static void find_by_acpi(struct serial_port *port,
			 const struct acpi_serial *table)
{
	if (table->space == ACPI_NO_SPACE)
		return;
	set_place(port, table->space == ACPI_MEMORY, table->address,
		  table->access);
	if (same_place(port, &ports[PORT_COM1]))
		port->divisor = ports[PORT_COM1].found_divisor;
}

static bool find_on_pci(u32 function, void *context)
{
	struct serial_port *port = &ports[PORT_PCI];
	u32 class_codes = pci_read(function, PCI_CLASS);
	u8 interface = (u8)(class_codes >> 8);
	u16 command = (u16)pci_read(function, PCI_COMMAND);
	u64 bar = pci_read(function, PCI_BAR_0);
	bool in_memory = !(bar & BAR_IO);

	if (class_codes >> 16 != PCI_SERIAL || interface < PCI_SERIAL_16550 ||
	    interface > PCI_SERIAL_16950 || port->name)
		return false;
	if (in_memory && bar & BAR_64)
		bar |= (u64)pci_read(function, PCI_BAR_0 + 4) << 32;
	set_place(port, in_memory,
		  bar & ~(u64)(in_memory ? BAR_FLAGS : BAR_IO_FLAGS), 1);
	if (is_nowhere(port))
		return false;
	port->divisor = DIVISOR_115200;
	pci_write_command(function, command | (in_memory ? PCI_COMMAND_MEMORY
							 : PCI_COMMAND_IO));
	probe(PORT_PCI);
	if (!port->name)
		pci_write_command(function, command);
	return port->name;
}

/* Prints the ports that answer, and the console's. */
static void print_ports(unsigned int console)
{
	char words[WORDS_SIZE] = "";

	for (unsigned int i = 0; i < PORT_AUTO; i++) {
		if (!ports[i].name)
			continue;
		snappend(words, sizeof(words), "%s %s", words[0] ? "," : "",
			 ports[i].name);
		if (ports[i].memory)
			snappend(words, sizeof(words), " (memory)");
		else
			snappend(words, sizeof(words), " (0x%x)", ports[i].io);
	}
	log_info("serial ports:%s; console: %s",
		 words[0] ? words : " none that answers",
		 console == PORT_NONE ? "none" : port_names[console]);
}

struct serial_port *ports_second(unsigned int choice,
				 const struct serial_port *taken)
{
	struct serial_port *port = choice < PORT_AUTO ? &ports[choice] : NULL;

	if (!port || !port->name || same_place(port, &ports[in_use]) ||
	    (taken && same_place(port, taken)))
		return NULL;
	return port;
}

bool ports_choose(unsigned int choice, const struct acpi_facts *acpi)
{
	const struct serial_port before = ports[in_use];
	unsigned int console = 0;

	log_flush();
	find_by_acpi(&ports[PORT_SPCR], &acpi->serial[ACPI_SPCR]);
	find_by_acpi(&ports[PORT_DBG2], &acpi->serial[ACPI_DBG2]);
	for (unsigned int i = 0; i < PORT_PCI; i++)
		probe(i);
	pci_count(find_on_pci, NULL);
	while (console < PORT_AUTO && !ports[console].name)
		console++;
	if (console == PORT_AUTO)
		console = PORT_NONE;
	if (choice < PORT_AUTO && !ports[choice].name)
		log_info(LOG_WARNING "console: no serial port answers at %s",
			 port_names[choice]);
	else if (choice != PORT_AUTO)
		console = choice;
	print_ports(console);
	if (same_place(&ports[console], &before) &&
	    ports[console].divisor == before.divisor)
		return false;
	log_flush();
	use(console);
	return true;
}
