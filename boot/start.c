/* SPDX-License-Identifier: MIT */
/*
 * What follows when the machine is set up: VMX, a virtual machine, the guest
 * that the user has chosen, the run, and the end.
 */
#include "arch/x86/paging.h"
#include "arch/x86/power.h"
#include "boot/multiboot2.h"
#include "boot/options.h"
#include "vmx/report/probe.h"
#include "boot/start.h"
#include "guest/builtin/builtin.h"
#include "guest/loaders/loader.h"
#include "vmx/vm.h"
#include "lib/log.h"
#include "lib/string.h"
#include "vmx/doctor/test.h"
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

/*
 * The modules, at most @max, whose string begins with @word; their names are
 * what comes after the word. Returns how many there are.
 */
static size_t find_modules(const struct boot_info *info, const char *word,
			   struct load_module *out, size_t max)
{
	size_t length = strlen(word), count = 0;

	for (unsigned int i = 0; i < info->module_count && count < max; i++) {
		const struct boot_module *module = &info->modules[i];
		const char *string = module->string;

		if (strncmp(string, word, length) ||
		    (string[length] && string[length] != ' '))
			continue;
		out[count++] = (struct load_module){
			.start = phys_to_virt(module->start),
			.size = module->end - module->start,
			.name = string + length + (string[length] == ' '),
		};
	}
	return count;
}

/* The kernel that the boot loader has brought along, of whatever kind. */
static void load_kernel(const struct boot_info *info)
{
	struct load_module kernel, modules[LOAD_MODULES_MAX];
	struct load_request request = { .modules = modules, .rsdp = vm.rsdp };
	enum load_status status;
	struct guest_entry entry;

	if (!find_modules(info, MODULE_KERNEL, &kernel, 1)) {
		log_info("no kernel to run: give one as a multiboot2 "
			 "module whose string begins with \"" MODULE_KERNEL
			 "\" (tools/run --kernel FILE)");
		refuse();
	}
	request.kernel = kernel.start;
	request.kernel_size = kernel.size;
	request.cmdline = kernel.name;
	request.module_count =
		find_modules(info, MODULE_INITRD, modules, LOAD_MODULES_MAX);
	status = guest_load(&vm.memory, &request, &entry);
	if (status != LOAD_OK) {
		log_info("the guest kernel can't be loaded: %s",
			 load_status_text(status));
		refuse();
	}
	vm.name = entry.kind;
	vcpu_start(&vm.vcpu, &entry);
	log_info("guest: %s, \"%s\"", entry.kind, kernel.name);
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
	const char *guest = options->guest;
	struct load_module unused;
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
		guest = find_modules(info, MODULE_KERNEL, &unused, 1)
				? "linux"
				: DEFAULT_BUILTIN;
	vm.name = guest;
	if (!vm_create(&vm, &options->vm, &selftest))
		refuse();
	if (strcmp(guest, "linux") == 0)
		load_kernel(info);
	else
		load_builtin(guest);
	vm_run(&vm);
	machine_end(vm.end_reason, vm.end_status);
}
