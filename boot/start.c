/* SPDX-License-Identifier: MIT */
/*
 * The steps after the machine is set up: VMX, a virtual machine, the guest
 * that the user has chosen, the run, and the end.
 */
#include "arch/x86/frames.h"
#include "arch/x86/paging.h"
#include "arch/x86/panic.h"
#include "arch/x86/power.h"
#include "boot/multiboot2.h"
#include "boot/options.h"
#include "vmx/report/compare.h"
#include "vmx/report/probe.h"
#include "boot/start.h"
#include "guest/builtin/builtin.h"
#include "guest/loaders/loader.h"
#include "vmx/vm.h"
#include "lib/log.h"
#include "lib/string.h"
#include "vmx/doctor/test.h"
#include "vmx/loop/run.h"
#include "vmx/start/selftest.h"
#include "vmx/trace/send.h"
#include "vmx/start/vm_create.h"
#include "vmx/start/vmcs_setup.h"
#include "vmx/vmx.h"

/* The words that a module's string begins with; see tools/mkimage. */
#define MODULE_KERNEL "kernel"
#define MODULE_INITRD "initrd"
#define MODULE_GUEST "guest"

#define DEFAULT_BUILTIN "demo"

/* Too large for a stack, and there is only one. */
static struct vm vm;

static void __noreturn refuse(void)
{
	machine_end(END_REFUSED, 0, NULL);
}

/*
 * Finds the modules, at most @max, whose string begins with @word; the rest of
 * the string is the module's name. Returns the number of modules.
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

/*
 * Finds the module of the kernel that @words name. "linux" is the module whose
 * string begins with "kernel"; "NAME ARGUMENTS" is the one of "guest NAME", and
 * gets all of @words as its command line. Returns false if the boot loader has
 * passed no such module.
 */
static bool find_kernel(const struct boot_info *info, const char *words,
			struct load_module *out)
{
	struct load_module guests[LOAD_MODULES_MAX];
	size_t count;

	if (strcmp(words, "linux") == 0)
		return find_modules(info, MODULE_KERNEL, out, 1);
	count = find_modules(info, MODULE_GUEST, guests, LOAD_MODULES_MAX);
	for (size_t i = 0; i < count; i++)
		if (builtin_is_named(words, guests[i].name)) {
			*out = guests[i];
			out->name = words;
			return true;
		}
	return false;
}

static void __noreturn refuse_guest(const char *words)
{
	log_info(LOG_ERROR "there is no guest \"%s\" here. Umbra has built in:",
		 words);
	for (const char *const *name = builtin_names; *name; name++)
		log_info("  %s", *name);
	log_info("The others are multiboot2 modules with these strings:");
	log_info("  linux: \"" MODULE_KERNEL " ARGUMENTS\" (tools/run "
		 "--kernel FILE)");
	log_info("  check: \"" MODULE_GUEST " check\" (make check-guest; then "
		 "tools/run and make image take it along)");
	refuse();
}

static void __noreturn refuse_kernel(const char *fault)
{
	log_info(LOG_ERROR "the guest kernel can't be loaded: %s", fault);
	refuse();
}

/*
 * Returns the name of the guest to run, and in @kernel its file, if it is not
 * built in. Called before VMX is started, so that a wrong name or file is
 * reported on a machine without VMX, too.
 */
static const char *choose_guest(const struct boot_info *info, const char *name,
				struct load_module *kernel)
{
	if (!name[0])
		name = find_modules(info, MODULE_KERNEL, kernel, 1)
			       ? "linux"
			       : DEFAULT_BUILTIN;
	if (builtin_exists(name))
		return name;
	if (!find_kernel(info, name, kernel))
		refuse_guest(name);
	if (!guest_kernel_is_known(kernel->start, kernel->size))
		refuse_kernel(LOAD_UNKNOWN_KIND);
	return name;
}

/* Loads a kernel of any kind; its module's name is its command line. */
static void load_kernel(const struct boot_info *info,
			const struct load_module *kernel)
{
	struct load_module modules[LOAD_MODULES_MAX];
	struct load_request request = { .kernel = kernel->start,
					.kernel_size = kernel->size,
					.cmdline = kernel->name,
					.modules = modules,
					.rsdp = vm.rsdp };
	const char *fault;
	struct guest_entry entry;

	request.module_count =
		find_modules(info, MODULE_INITRD, modules, LOAD_MODULES_MAX);
	fault = guest_load(&vm.memory, &request, &entry);
	if (fault != LOAD_OK) {
		if (entry.wanted.end)
			log_info("a piece must be loaded to 0x%lx to 0x%lx; "
				 "the guest's memory below 4 GiB ends at 0x%lx",
				 entry.wanted.start, entry.wanted.end,
				 vm.memory.low_end);
		refuse_kernel(fault);
	}
	vm.name = entry.kind;
	vcpu_set_start_state(&vm.vcpu, &entry);
	log_info("guest: %s, \"%s\"", entry.kind, kernel->name);
}

/* "NAME ARGUMENTS": the built-in guest gets all of it as its command line. */
static void load_builtin(const char *words)
{
	if (vm.memory.low_end < BUILTIN_MEMORY_MIN) {
		log_info(LOG_ERROR
			 "the built-in guest needs %llu MiB of memory",
			 BUILTIN_MEMORY_MIN / MIB);
		refuse();
	}
	guest_memory_write(&vm.memory, BUILTIN_LOAD_GPA, builtin_blob_start,
			   (u64)(builtin_blob_end - builtin_blob_start));
	guest_memory_write(&vm.memory, BUILTIN_ARGUMENTS_GPA, words,
			   strlen(words) + 1);
	vcpu_set_start_state(&vm.vcpu, &(struct guest_entry){
					       .rip = BUILTIN_ENTRY_GPA,
					       .rbx = BUILTIN_ARGUMENTS_GPA,
					       .cs = GUEST_FLAT_CS,
					       .ds = GUEST_FLAT_DS,
				       });
	log_info("guest: built-in, \"%s\"", words);
}

static void send_trace(void)
{
	trace_send(&vm.trace, vm.trace_way, vm.trace_port);
}

static void run(const struct boot_info *info, const char *guest,
		const struct load_module *kernel,
		const struct vm_config *config,
		const struct selftest_result *selftest)
{
	memset(&vm, 0, sizeof(vm));
	vm.name = guest;
	if (!vm_create(&vm, config, selftest))
		refuse();
	if (kernel->start)
		load_kernel(info, kernel);
	else
		load_builtin(guest);
	panic_set_last_act(send_trace);
	vm_run(&vm);
	panic_set_last_act(NULL);
}

static void __noreturn end(void)
{
	machine_end(vm.end_reason, vm.end_status,
		    vm.end_why[0] ? vm.end_why : NULL);
}

/*
 * Runs the guest on two machines, one after the other, in the same memory: the
 * first without the bypass, the second with it. There is nothing to compare if
 * the guest does not end by itself.
 */
static void __noreturn compare(const struct boot_info *info, const char *guest,
			       const struct load_module *kernel,
			       const struct vm_config *chosen,
			       const struct selftest_result *selftest)
{
	struct vm_config config = *chosen;
	u64 costs[2][RUN_COSTS];

	if (!frames_save()) {
		log_info(LOG_ERROR
			 "compare: no memory is left to remember which frames "
			 "are free: leave compare out, or boot with fewer or "
			 "smaller modules");
		refuse();
	}
	for (int bypass = 0; bypass < 2; bypass++) {
		config.policy.bypass = bypass;
		run(info, guest, kernel, &config, selftest);
		if (vm.end_reason != END_GUEST_POWER_OFF &&
		    vm.end_reason != END_GUEST_EXIT)
			end();
		compare_read_costs(&vm, costs[bypass]);
		vmx_forget_vmcs(vm.vcpu.vmcs);
		frames_restore();
	}
	compare_print(costs[0], costs[1]);
	machine_end(END_REPORT, vm.end_status, NULL);
}

void run_guest(const struct boot_info *info, const struct options *options)
{
	const char *guest = options->guest;
	struct load_module kernel = { 0 };
	const struct hypervisor *below = vmx_hypervisor();
	struct selftest_result selftest;

	if (below && !options->probe)
		log_info("CPUID.1:ECX[31] is 1: this machine runs under %s",
			 below->name);
	if (options->probe)
		probe_print(info);
	else if (!doctor_test_run)
		guest = choose_guest(info, guest, &kernel);
	if (!vmx_start())
		refuse();
	if (doctor_test_run)
		machine_end(END_REPORT, doctor_test_run(), NULL);
	if (!selftest_run(&selftest))
		refuse();
	if (options->probe) {
		probe_conclude(&selftest);
		machine_end(END_REPORT, 0, NULL);
	}
	if (options->compare)
		compare(info, guest, &kernel, &options->vm, &selftest);
	run(info, guest, &kernel, &options->vm, &selftest);
	end();
}
