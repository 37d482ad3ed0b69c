/* SPDX-License-Identifier: MIT */
/*
 * The runtime's main function: find out which machine this is, and run the
 * program that the arguments name.
 */
#include "guest/builtin/kernel.h"

#include "arch/x86/cpuid.h"
#include "guest/builtin/builtin.h"
#include "guest/cpuid.h"

/* Multiboot 1 specification, 3.2 and 3.3. */
#define MB1_LOADED 0x2badb002
#define MB1_HAS_MEMORY BIT(0)
#define MB1_HAS_ARGUMENTS BIT(2)

struct mb1_info {
	u32 flags;
	u32 memory_lower; /* in KiB */
	u32 memory_upper; /* in KiB, from 1 MiB on */
	u32 boot_device;
	u32 arguments;
};

bool on_umbra;
static char arguments[BUILTIN_ARGUMENTS_MAX];

static bool find_umbra(void)
{
	struct cpuid_result r = cpuid(CPUID_HYPERVISOR);
	char vendor[] = CPUID_SIGNATURE;
	size_t i;

	memcpy(vendor, &r.ebx, 3 * sizeof(u32));
	for (i = 0; vendor[i] && vendor[i] == CPUID_SIGNATURE[i]; i++)
		;
	return cpuid(CPUID_FEATURES).ecx & CPUID_1_ECX_HYPERVISOR &&
	       !CPUID_SIGNATURE[i];
}

void __noreturn guest_exit(u32 status)
{
	if (on_umbra)
		hypercall(HYPERCALL_FAULTS, traps.page_faults, NULL);
	else
		print("guest: exit, status %u\n", status); /* for tools/run */
	__asm__ volatile("outl %0, %w1"
			 :
			 : "a"(status), "Nd"(BUILTIN_EXIT_PORT));
	for (;;)
		__asm__ volatile("cli; hlt");
}

/* Returns the text after the first word of @s; "" if there is none. */
static const char *second_word(const char *s)
{
	s += builtin_name_length(s);
	while (BUILTIN_IS_SEPARATOR(*s))
		s++;
	return s;
}

static void require_memory(const struct mb1_info *info)
{
	if (info->flags & MB1_HAS_MEMORY &&
	    info->memory_upper < (BUILTIN_MEMORY_MIN - MIB) / KIB) {
		print("guest: it needs %u MiB of memory\n",
		      (u32)(BUILTIN_MEMORY_MIN / MIB));
		guest_exit(1);
	}
}

/*
 * A built-in guest gets the arguments themselves. The same kernel in a file of
 * its own gets multiboot information, from a boot loader or from Umbra; some
 * loaders put the kernel's path in front.
 */
static void get_arguments(u32 eax, u64 ebx)
{
	const struct mb1_info *info = (const void *)ebx;
	const char *s = (const char *)ebx;
	size_t i;

	if (eax == MB1_LOADED) {
		require_memory(info);
		if (!(info->flags & MB1_HAS_ARGUMENTS))
			return;
		s = (const char *)(u64)info->arguments;
		for (i = 0; s[i] && s[i] != ' '; i++)
			if (s[i] == '/') {
				s = second_word(s);
				break;
			}
	}
	for (i = 0; i < sizeof(arguments) - 1 && s[i]; i++)
		arguments[i] = s[i];
}

const char *argument(void)
{
	return second_word(arguments);
}

u32 number_at(const char *s)
{
	u32 number = 0;

	for (; *s >= '0' && *s <= '9'; s++)
		number = number * 10 + (u32)(*s - '0');
	return number;
}

void __noreturn kernel_main(u32 eax, u64 ebx);

void __noreturn kernel_main(u32 eax, u64 ebx)
{
	const struct program *program;

	console_init();
	on_umbra = find_umbra();
	get_arguments(eax, ebx);
	trap_init();
	for (program = programs; program->name; program++)
		if (builtin_is_named(arguments, program->name))
			guest_exit(program->run());
	print("guest: there is no program \"%s\"\n", arguments);
	guest_exit(1);
}
