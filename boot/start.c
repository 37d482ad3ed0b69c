/* SPDX-License-Identifier: MIT */
/*
 * What follows when the machine is set up: VMX, a virtual machine, the guest
 * that the user has chosen, the run, and the end.
 */
#include "arch/x86/paging.h"
#include "arch/x86/power.h"
#include "boot/multiboot2.h"
#include "boot/options.h"
#include "boot/probe.h"
#include "boot/start.h"
#include "guest/builtin/builtin.h"
#include "guest/loader.h"
#include "guest/vm.h"
#include "lib/log.h"
#include "lib/string.h"
#include "vmx/doctor_test.h"
#include "vmx/run.h"
#include "vmx/selftest.h"
#include "vmx/vmcs_setup.h"
#include "vmx/vmx.h"

/* The words that a module's string begins with; see tools/mkimage. */
#define MODULE_KERNEL "kernel"
#define MODULE_INITRD "initrd"

#define DEFAULT_BUILTIN "demo"

/* Too large for a stack, and there is but one. */
static struct vm vm;

static void __noreturn refuse(void)
{
	machine_end(END_REFUSED, 0);
}

/* The module whose string begins with @word, and what comes after the word. */
static const struct boot_module *
find_module(const struct boot_info *info, const char *word, const char **rest)
{
	size_t length = strlen(word);

	for (unsigned int i = 0; i < info->module_count; i++) {
		const char *string = info->modules[i].string;

		if (strncmp(string, word, length) ||
		    (string[length] && string[length] != ' '))
			continue;
		*rest = string + length + (string[length] == ' ');
		return &info->modules[i];
	}
	return NULL;
}

static size_t module_size(const struct boot_module *module)
{
	return module ? module->end - module->start : 0;
}

static const void *module_start(const struct boot_module *module)
{
	return module ? phys_to_virt(module->start) : NULL;
}

/* The kernel that the boot loader has brought along, of whatever kind. */
static void load_kernel(const struct boot_info *info)
{
	const char *cmdline = "", *name = "";
	const struct boot_module *kernel =
		find_module(info, MODULE_KERNEL, &cmdline);
	const struct boot_module *initrd =
		find_module(info, MODULE_INITRD, &name);
	const struct load_request request = {
		.kernel = module_start(kernel),
		.kernel_size = module_size(kernel),
		.module = module_start(initrd),
		.module_size = module_size(initrd),
		.module_name = name,
		.cmdline = cmdline,
		.rsdp = vm.rsdp,
	};
	enum load_status status;
	struct guest_entry entry;

	if (!kernel) {
		log_info("no kernel to run: give one as a multiboot2 "
			 "module whose string begins with \"" MODULE_KERNEL
			 "\" (tools/run --kernel FILE)");
		refuse();
	}
	status = guest_load(&vm.memory, &request, &entry);
	if (status != LOAD_OK) {
		log_info("the guest kernel can't be loaded: %s",
			 load_status_text(status));
		refuse();
	}
	vm.name = entry.kind;
	vcpu_start(&vm.vcpu, &entry);
	log_info("guest: %s, \"%s\"", entry.kind, cmdline);
}

/* "NAME ARGUMENTS": the built-in guest gets all of it as its command line. */
static void load_builtin(const char *words)
{
	const struct builtin_guest *guest = builtin_find(words);

	if (!guest) {
		log_info("there is no guest called \"%s\", but these:", words);
		log_info("  linux");
		for (guest = builtin_guests; guest->name; guest++)
			log_info("  %s", guest->name);
		refuse();
	}
	if (vm.memory.low_end < BUILTIN_MEMORY_MIN) {
		log_info("the built-in guest needs %llu MiB of memory",
			 BUILTIN_MEMORY_MIN / MIB);
		refuse();
	}
	guest_memory_write(&vm.memory, guest->load, guest->start,
			   guest->end - guest->start);
	guest_memory_write(&vm.memory, BUILTIN_ARGUMENTS_GPA, words,
			   strlen(words) + 1);
	vcpu_start(&vm.vcpu, &(struct guest_entry){
				     .rip = guest->entry,
				     .rbx = BUILTIN_ARGUMENTS_GPA,
				     .cs = GUEST_FLAT_CS,
				     .ds = GUEST_FLAT_DS,
			     });
	log_info("guest: built-in, \"%s\"", words);
}

void start(const struct boot_info *info, const struct options *options)
{
	const char *guest = options->guest, *unused;
	const struct hypervisor *below = vmx_hypervisor();
	struct selftest_result selftest;

	if (below)
		log_info("CPUID.1:ECX[31] is 1: this machine runs under %s",
			 below->name);
	if (options->probe)
		probe_print(info);
	if (!vmx_start())
		refuse();
	if (options->doctor_test)
		machine_end(END_REPORT, doctor_test_run());
	if (!selftest_run(&selftest))
		refuse();
	if (options->probe) {
		probe_conclude(&selftest);
		machine_end(END_REPORT, 0);
	}
	if (!guest[0])
		guest = find_module(info, MODULE_KERNEL, &unused)
				? "linux"
				: DEFAULT_BUILTIN;
	vm.name = guest;
	if (!vm_create(&vm, options, &selftest))
		refuse();
	if (strcmp(guest, "linux") == 0)
		load_kernel(info);
	else
		load_builtin(guest);
	vm_run(&vm);
	machine_end(vm.end_reason, vm.end_status);
}
