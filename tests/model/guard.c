/* SPDX-License-Identifier: MIT */
#include <sanitizer/common_interface_defs.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/model/guard.h"

/* The mutants are built without the sanitizers. */
#pragma weak __sanitizer_print_stack_trace

/* Time that the processor works, so a busy machine changes nothing. */
#define SECONDS 60

static void end_loop(int signal)
{
	static const char words[] =
		"ERROR: this test has run for a minute: a loop in mmu/ does "
		"not end, perhaps because a list of mmu/page/link.c leads back "
		"to itself. The loop is here:\n";

	(void)signal;
	if (write(STDERR_FILENO, words, sizeof(words) - 1) > 0 &&
	    __sanitizer_print_stack_trace)
		__sanitizer_print_stack_trace();
	_exit(1);
}

void guard_begin(void)
{
	const struct itimerval once = { .it_value.tv_sec = SECONDS };

	signal(SIGPROF, end_loop);
	setitimer(ITIMER_PROF, &once, NULL);
}
