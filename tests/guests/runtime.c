/* SPDX-License-Identifier: MIT */
/* The test guests' begin and end: arguments, counting, exit. */
#include "tests/guests/runtime.h"

#include "arch/x86/cpuid.h"

/* Multiboot 1 specification, 3.3. */
#define MB1_HAS_ARGUMENTS BIT(2)

#define EXIT_PORT 0xf4
#define COMPLAINTS_MAX 10

struct mb1_info {
	u32 flags;
	u32 memory[2];
	u32 boot_device;
	u32 arguments;
};

u32 boot_magic;
const u32 *boot_info;
u32 maxphyaddr = 36; /* if CPUID does not tell: SDM vol. 3A, 4.1.4 */
bool has_smep, has_smap, has_nx;
static u32 passed, failed;
u8 user_stack[PAGE_SIZE] __attribute__((section(".user.stack")));
extern u8 user_stack_top[];
__asm__(".globl user_stack_top; user_stack_top = user_stack + 4096");

static void find_features(void)
{
	u32 ebx = 0;

	if (cpuid(0).eax >= CPUID_FEATURES_7)
		ebx = cpuid(CPUID_FEATURES_7).ebx;
	has_smep = ebx & CPUID_7_EBX_SMEP;
	has_smap = ebx & CPUID_7_EBX_SMAP;
	has_nx = cpuid(CPUID_EXT_FEATURES).edx & CPUID_EXT_EDX_NX;
	if (cpuid(CPUID_EXT_MAX).eax >= CPUID_ADDRESS_SIZE)
		maxphyaddr = (u8)cpuid(CPUID_ADDRESS_SIZE).eax;
}

static bool is_word(const char *s, const char *name, size_t *length)
{
	for (*length = 0; name[*length]; ++*length)
		if (s[*length] != name[*length])
			return false;
	return s[*length] == '=';
}

u32 argument(const char *arguments, const char *name, u32 otherwise)
{
	const char *s;
	size_t length;
	u32 value = 0;

	for (s = arguments; *s; s++) {
		if ((s != arguments && s[-1] != ' ') ||
		    !is_word(s, name, &length))
			continue;
		for (s += length + 1; *s >= '0' && *s <= '9'; s++)
			value = value * 10 + (u32)(*s - '0');
		return value;
	}
	return otherwise;
}

bool check_failed(bool ok)
{
	if (ok) {
		passed++;
		return false;
	}
	return failed++ < COMPLAINTS_MAX;
}

void __noreturn guest_exit(u32 status)
{
	/* This line is for tools/run on the bare machine. */
	print("guest: exit, status %u\n", status);
	__asm__ volatile("outl %0, %w1" : : "a"(status), "Nd"(EXIT_PORT));
	for (;;)
		__asm__ volatile("cli; hlt");
}

void __noreturn trap_unexpected(void);

void __noreturn trap_unexpected(void)
{
	print("guest: unexpected exception %u, error code %x, at %x, cr2 %llx, "
	      "mode %s\n",
	      tried.vector, tried.error_code, tried.eip, tried.cr2,
	      mode_names[mode]);
	guest_exit(2);
}

void __noreturn runtime_main(u32 eax, const struct mb1_info *info);

void __noreturn runtime_main(u32 eax, const struct mb1_info *info)
{
	const char *arguments = "";

	console_init();
	boot_magic = eax;
	boot_info = (const u32 *)info;
	if (eax == MB1_LOADED && info->flags & MB1_HAS_ARGUMENTS)
		arguments = (const char *)info->arguments;
	find_features();
	main(arguments);
	print("%u passed, %u failed\n", passed, failed);
	guest_exit(failed || !passed ? 1 : 0);
}
