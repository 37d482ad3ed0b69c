/* SPDX-License-Identifier: MIT */
/*
 * The beginning of the C code. The order matters: a console first, so that
 * Umbra can complain; then handlers for the things that may go wrong; then the
 * boot loader's facts about the machine; then memory, and the clocks.
 */
#include "arch/x86/firmware/acpi.h"
#include "arch/x86/apic.h"
#include "arch/x86/bus_master.h"
#include "arch/x86/console/console.h"
#include "arch/x86/console/framebuffer.h"
#include "arch/x86/console/ports.h"
#include "arch/x86/console/wake.h"
#include "arch/x86/cpu.h"
#include "arch/x86/gdt.h"
#include "arch/x86/paging.h"
#include "arch/x86/panic.h"
#include "arch/x86/power.h"
#include "arch/x86/time.h"
#include "arch/x86/trap.h"
#include "arch/x86/frames.h"
#include "boot/facts.h"
#include "boot/multiboot2.h"
#include "boot/options.h"
#include "boot/start.h"
#include "lib/log.h"
#include "vmx/trace/send.h"

#define UMBRA_VERSION "0.1"

/* Maximum size of the information in bytes; all of it is mapped. */
#define MBI_MAX MIB

extern const u8 image_start[], image_end[];
void kmain(u32 magic, u32 mbi) __noreturn;

static struct boot_info boot_info;
static struct options options;
static struct acpi_facts acpi;

static void __noreturn refuse(void)
{
	machine_end(END_REFUSED, 0, NULL);
}

static void read_boot_info(u32 magic, u32 mbi)
{
	const char *fault;

	if (magic != MULTIBOOT2_MAGIC) {
		console_init_screen(&boot_info);
		log_info(LOG_ERROR
			 "not booted by multiboot2 (EAX is 0x%x, should be "
			 "0x%x): in GRUB, use the command multiboot2",
			 magic, MULTIBOOT2_MAGIC);
		refuse();
	}
	fault = multiboot2_parse(phys_to_virt(mbi), MBI_MAX, &boot_info);
	boot_info.start = mbi;
	console_init_screen(&boot_info);
	if (fault == MB2_OK)
		return;
	log_info(LOG_ERROR
		 "the boot loader's multiboot2 information can't be used: "
		 "%s",
		 fault);
	refuse();
}

/*
 * Returns false if an option is wrong. The reason is in the log by then, which
 * the caller shows before it refuses.
 */
static bool read_options(void)
{
	bool good = options_parse(boot_info.cmdline, &options);

	machine_set_end_method(options.exit, options.exit_seconds);
	return good;
}

/* This comes before any memory gets another use. */
static void stop_bus_masters(void)
{
	unsigned int count;

	if (options.bus_masters == BUS_MASTERS_KEEP)
		return;
	count = bus_masters_stop(boot_info.efi);
	if (count)
		log_info(LOG_WARNING
			 "PCI functions without a driver, stopped: %u "
			 "(busmaster=keep leaves them)",
			 count);
}

static void set_up_memory(void)
{
	hpa_t start = virt_to_phys(image_start), end = virt_to_phys(image_end);
	hpa_t fb_start, fb_end;

	frames_raise_modules(&boot_info, start, end);
	if (!frames_init(&boot_info, start, end)) {
		log_info(LOG_ERROR
			 "the boot loader's memory map has no RAM to use "
			 "(%u entries)",
			 boot_info.region_count);
		refuse();
	}
	framebuffer_range(&boot_info.framebuffer, &fb_start, &fb_end);
	paging_init(&boot_info, fb_start, fb_end);
}

/* Returns false if gdb or the trace can't be where the user wants it. */
static bool find_second_ports(void)
{
	struct vm_config *vm = &options.vm;

	vm->gdb = ports_second(options.gdb, NULL);
	if (options.gdb != PORT_NONE && !vm->gdb) {
		log_info(LOG_ERROR
			 "gdb= needs a serial port that answers, and that is "
			 "not the console's");
		return false;
	}
	vm->trace_port = ports_second(PORT_COM2, vm->gdb);
	if (vm->trace_way == TRACE_COM2 && !vm->trace_port) {
		log_info(LOG_ERROR
			 "trace.to=com2 needs a COM2 that answers, and that is "
			 "neither the console's nor gdb's");
		return false;
	}
	return true;
}

/*
 * Called by entry.asm on the main stack. GRUB has left @magic in EAX and the
 * address of the information, @mbi, in EBX.
 */
void kmain(u32 magic, u32 mbi)
{
	bool good;

	ports_init();
	gdt_init();
	trap_init();
	cpu_init();
	read_boot_info(magic, mbi);
	symbols_init(&boot_info.elf);
	log_info(LOG_HEADLINE "Umbra " UMBRA_VERSION
			      ", a hypervisor on shadow page tables");
	good = read_options();
	stop_bus_masters();
	set_up_memory();
	acpi_read(boot_info.rsdp, boot_info.rsdp_size, paging_map_tables,
		  &acpi);
	machine_set_acpi(&acpi);
	boot_info.processors = acpi.processors;
	console_show();
	console_choose_port(options.console, &acpi);
	time_init(&acpi);
	if (!good || !find_second_ports())
		refuse();
	apic_init();
	wake_init();
	facts_print(&boot_info, options.probe);
	run_guest(&boot_info, &options);
}
