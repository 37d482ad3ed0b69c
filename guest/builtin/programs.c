/* SPDX-License-Identifier: MIT */
/* The list of the built-in guest's programs, and the small programs. */
#include "guest/builtin/bench.h"

static u32 hello_main(void)
{
	print("hello from the built-in guest\n");
	return 0;
}

static u32 exit_status_main(void)
{
	return number_at(argument());
}

static u32 __noreturn halt_main(void)
{
	for (;;)
		__asm__ volatile("cli; hlt");
}

/*
 * No interrupt comes, as no device is set up. IF=1 is for Bochs, which masks
 * the machine's interrupts, too, from a VM entry with IF=0 until IF changes.
 */
static u32 __noreturn spin_main(void)
{
	__asm__ volatile("sti");
	for (;;)
		__asm__ volatile("");
}

/* With no IDT, #UD becomes #DF, and #DF a shutdown (SDM vol. 3A, 6.15). */
static u32 triple_fault_main(void)
{
	static const u8 no_table[10];

	__asm__ volatile("lidt %0; ud2" : : "m"(no_table));
	return 0;
}

static u32 real_mode_main(void)
{
	leave_for_real_mode();
	return 1;
}

const struct program programs[] = {
	{ "demo", demo_main },
	{ "bench", bench_main },
	{ "hello", hello_main },
	{ "exit-status", exit_status_main },
	{ "halt", halt_main },
	{ "spin", spin_main },
	{ "triple-fault", triple_fault_main },
	{ "real-mode", real_mode_main },
	{ NULL, NULL },
};
