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
#include "guest/linux.h"
#include "guest/multiboot.h"
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

static void __noreturn refuse_kernel(const char *why)
{
	log_info("the guest kernel can't be loaded: %s", why);
	refuse();
}

static size_t module_size(const struct boot_module *module)
{
	return module ? module->end - module->start : 0;
}

static const void *module_start(const struct boot_module *module)
{
	return module ? phys_to_virt(module->start) : NULL;
}

static void load_multiboot(const struct boot_module *kernel,
			   const struct boot_module *initrd,
			   const char *cmdline)
{
	struct multiboot_entry entry;
	enum multiboot_status status = multiboot_load(
		&vm.memory, module_start(kernel), module_size(kernel),
		module_start(initrd), module_size(initrd), cmdline, &entry);

	if (status != MULTIBOOT_OK)
		refuse_kernel(multiboot_status_text(status));
	vm.name = "multiboot";
	vcpu_start_protected_mode(&vm.vcpu, entry.eip, MULTIBOOT_LOADED,
				  entry.ebx);
	log_info("guest: multiboot kernel, \"%s\"", cmdline);
}

static void load_linux(const struct boot_module *kernel,
		       const struct boot_module *initrd, const char *cmdline)
{
	enum linux_status status;
	struct linux_image image;
	struct linux_entry entry;

	status = linux_parse(module_start(kernel), module_size(kernel), &image);
	if (status == LINUX_OK)
		status = linux_load(&vm.memory, &image, module_start(initrd),
				    module_size(initrd), cmdline, &entry);
	if (status != LINUX_OK)
		refuse_kernel(linux_status_text(status));
	vcpu_start_long_mode(&vm.vcpu, &entry);
	log_info("guest: Linux, \"%s\"", cmdline);
}

/* The kernel that the boot loader has brought along, of whatever kind. */
static void load_kernel(const struct boot_info *info)
{
	const char *cmdline = "", *unused;
	const struct boot_module *kernel =
		find_module(info, MODULE_KERNEL, &cmdline);
	const struct boot_module *initrd =
		find_module(info, MODULE_INITRD, &unused);

	if (!kernel) {
		log_info("no kernel to run: give one as a multiboot2 "
			 "module whose string begins with \"" MODULE_KERNEL
			 "\" (tools/run --kernel FILE)");
		refuse();
	}
	if (multiboot_is_kernel(module_start(kernel), module_size(kernel)))
		load_multiboot(kernel, initrd, cmdline);
	else
		load_linux(kernel, initrd, cmdline);
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
	vcpu_start_protected_mode(&vm.vcpu, guest->entry, 0,
				  BUILTIN_ARGUMENTS_GPA);
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
