/* SPDX-License-Identifier: MIT */
/*
 * The report of a panic: the reason, the registers, and a backtrace, for which
 * all of Umbra keeps frame pointers.
 */
#include <stdarg.h>

#include "arch/x86/cpu.h"
#include "arch/x86/exception.h"
#include "arch/x86/gdt.h"
#include "arch/x86/panic.h"
#include "arch/x86/power.h"
#include "arch/x86/trap.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "lib/string.h"

#define BACKTRACE_MAX 32

static unsigned int depth; /* of panics within panics */
static void (*last_act)(void);

void panic_set_last_act(void (*fn)(void))
{
	last_act = fn;
}

/* A panic in the panic code must not start over. */
static void enter(void)
{
	interrupts_disable();
	switch (depth++) {
	case 0:
		return;
	case 1:
		log_info(LOG_ERROR
			 "panic: a second one while the first was reported");
		machine_end(END_PANIC, 0, NULL);
	default:
		cpu_halt();
	}
}

static void print_address(const char *what, u64 address)
{
	u64 offset;
	const char *name = symbol_at(address, &offset);

	if (name)
		log_info("%s %016lx %s+0x%lx", what, address, name, offset);
	else
		log_info("%s %016lx", what, address);
}

/* Returns true if a frame (the saved RBP, the return address) is on our stacks.
 */
static bool frame_on_stack(u64 rbp)
{
	for (unsigned int s = 0; s < STACK_COUNT; s++) {
		u64 bottom = (u64)stacks[s].bytes;

		if (rbp >= bottom && rbp <= bottom + STACK_SIZE - 16)
			return rbp % 8 == 0;
	}
	return false;
}

static void backtrace(u64 rbp)
{
	for (int i = 0; i < BACKTRACE_MAX && frame_on_stack(rbp); i++) {
		const u64 *frame = (const u64 *)rbp;

		if (!frame[1])
			return;
		print_address("  from", frame[1]);
		rbp = frame[0];
	}
}

static void print_registers(const struct trap_frame *f)
{
	const u64 *r = f->gpr;

	log_info("  rax %016lx  rbx %016lx  rcx %016lx", r[RAX], r[RBX],
		 r[RCX]);
	log_info("  rdx %016lx  rsi %016lx  rdi %016lx", r[RDX], r[RSI],
		 r[RDI]);
	log_info("  rbp %016lx  rsp %016lx  r8  %016lx", r[RBP], f->rsp, r[R8]);
	log_info("  r9  %016lx  r10 %016lx  r11 %016lx", r[R9], r[R10], r[R11]);
	log_info("  r12 %016lx  r13 %016lx  r14 %016lx", r[R12], r[R13],
		 r[R14]);
	log_info("  r15 %016lx  rip %016lx  rfl %016lx", r[R15], f->rip,
		 f->rflags);
}

static void print_control_registers(void)
{
	log_info("  cr0 %016lx  cr2 %016lx  cr3 %016lx", cr0_read(), cr2_read(),
		 cr3_read());
	log_info("  cr4 %016lx", cr4_read());
}

static void __noreturn end(const char *why)
{
	if (last_act)
		last_act();
	machine_end(END_PANIC, 0, why);
}

void panic_at_trap(const struct trap_frame *frame)
{
	enter();
	log_info(LOG_ERROR "panic: %s, %s (vector %lu, error code 0x%lx)",
		 exception_name(frame->vector), exception_text(frame->vector),
		 frame->vector, frame->error_code);
	print_registers(frame);
	print_control_registers();
	print_address("  at  ", frame->rip);
	backtrace(frame->gpr[RBP]);
	end(exception_text(frame->vector));
}

void panic(const char *fmt, ...)
{
	char text[LOG_LINE_MAX];
	struct trap_frame frame;
	va_list args;

	/* The registers as the caller left them, as far as the call permits. */
	asm volatile("mov %%rax, 0(%1); mov %%rcx, 8(%1); mov %%rdx, 16(%1)\n"
		     "mov %%rbx, 24(%1); mov %%rbp, 40(%1)\n"
		     "mov %%rsi, 48(%1); mov %%rdi, 56(%1)\n"
		     "mov %%r8, 64(%1); mov %%r9, 72(%1); mov %%r10, 80(%1)\n"
		     "mov %%r11, 88(%1); mov %%r12, 96(%1)\n"
		     "mov %%r13, 104(%1); mov %%r14, 112(%1)\n"
		     "mov %%r15, 120(%1)\n"
		     : "=m"(frame.gpr)
		     : "r"(frame.gpr));
	/*
	 * The caller's RBP and RSP: the call pushed RIP, and this function RBP.
	 */
	frame.gpr[RBP] = *(u64 *)__builtin_frame_address(0);
	frame.rsp = (u64)__builtin_frame_address(0) + 2 * sizeof(u64);
	frame.rip = (u64)__builtin_return_address(0);
	frame.rflags = rflags_read();
	enter();
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	log_info(LOG_ERROR "panic: %s", text);
	/* The end's line has room for the first line of the reason. */
	if (strchr(text, '\n'))
		*strchr(text, '\n') = '\0';
	print_registers(&frame);
	print_control_registers();
	backtrace((u64)__builtin_frame_address(0));
	end(text);
}
