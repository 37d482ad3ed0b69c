/* SPDX-License-Identifier: MIT */
/*
 * The runtime of the 64-bit guests: of the built-in one, and of the check guest
 * (tests/guests/check). Each is a kernel in its own right, which shares no code
 * with Umbra; memory is identity-mapped, up to 16 MiB, all of it accessed and
 * dirty.
 */
#ifndef GUEST_BUILTIN_KERNEL_H
#define GUEST_BUILTIN_KERNEL_H

#include "arch/x86/regs.h"
#include "guest/builtin/console.h"
#include "guest/builtin/cpu.h"
#include "guest/hypercall.h"
#include "lib/string.h"

/* Code that user mode may execute; it must not call other code. */
#define __user_code __attribute__((section(".user.text"), noinline))

/* The window, where programs map their pages: a PML4 entry, free and even. */
#define WINDOW_PML4_INDEX 2
#define WINDOW_GVA (WINDOW_PML4_INDEX * 512 * GIB)

#define PT_ENTRIES 512
#define LARGE_PAGE_SIZE (2 * MIB)

/* The guest's programs; the last one has no name. */
struct program {
	const char *name; /* the first word of the arguments */
	u32 (*run)(void); /* returns the guest's exit status */
};
extern const struct program programs[];

/* kernel.c */
extern bool on_umbra; /* the machine is Umbra's */
void __noreturn guest_exit(u32 status);
/* Return the arguments after the program's name, and the number at @s, or 0. */
const char *argument(void);
u32 number_at(const char *s);

/* paging.c */
/* Frees all pages, empties the window, and flushes. */
void pages_reset(void);
/* Returns a zeroed page; the calls give consecutive frames, from 4 MiB on. */
u64 *page_alloc(void);
#define PAGES_GPA (4 * MIB)
#define PAGES_END (8 * MIB)

/* entry.asm */
extern u64 boot_pml4[PT_ENTRIES];
extern u64 run_value; /* the result of the function that run_*() has called */
/*
 * Call @function in kernel or in user mode. Return 0, or 1 if it trapped while
 * traps.catch was set.
 */
int run_kernel(u64 (*function)(u64), u64 argument);
int run_user(u64 (*function)(u64), u64 argument);
/* Called in a trap: makes the run_*() under way return 1. */
void __noreturn run_abort(void);

/* Enters real mode; does not return. */
void leave_for_real_mode(void);

/* trap.c */
struct trap_frame {
	u64 r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax;
	u64 vector;
	u64 error_code;
	u64 rip, cs, rflags, rsp, ss;
};

struct traps {
	/* If set, handles page faults; returns true if it did. */
	bool (*page_fault)(u64 error_code, gva_t cr2);
	/* Handle #DB and NMIs likewise. */
	bool (*debug)(struct trap_frame *frame);
	bool (*nmi)(struct trap_frame *frame);
	u64 page_faults; /* number of them, since the start */
	u64 page_fault_rip; /* of the last one */
	bool catch; /* a trap makes run_*() return, and fills in: */
	u64 vector;
	u64 error_code;
	u64 rflags;
	u64 cr2;
};
extern struct traps traps;
void trap_init(void);
void trap(struct trap_frame *frame);

#define PORT_DELAY 0x80 /* writes have no effect */

/* Makes a hypercall of guest/hypercall.h; returns EAX. */
static inline u32 hypercall(enum hypercall number, u64 rdi, void *rsi)
{
	u32 eax = number;

	__asm__ volatile("vmcall" : "+a"(eax) : "D"(rdi), "S"(rsi) : "memory");
	return eax;
}

static inline void invlpg(gva_t gva)
{
	__asm__ volatile("invlpg (%0)" : : "r"(gva) : "memory");
}

static inline void flush_all(void)
{
	write_cr3(read_cr3());
}

#endif
