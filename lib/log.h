/* SPDX-License-Identifier: MIT */
/*
 * Umbra's messages to its user. The hypervisor's console implements these
 * (arch/x86/console/console.c, arch/x86/panic.c); tests/unit/host_log.c does so
 * for the tests on the host.
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include "lib/types.h"

/*
 * A mark at the start of a format, as in log_info(LOG_ERROR "..."): the screen
 * shows the line in a colour of its own. The mark is no part of the text.
 */
#define LOG_ERROR "\x01"
#define LOG_WARNING "\x02"
#define LOG_HEADLINE "\x03"
#define LOG_MARKS 4 /* the first number that is no mark */

/* Takes the mark off the format. Returns the mark, or 0 if there is none. */
static inline unsigned int log_take_mark(const char **format)
{
	return **format > 0 && **format < LOG_MARKS ? (unsigned int)*(*format)++
						    : 0;
}

/*
 * Prints one line: "umbra: ", the text, a newline. A text of LOG_LINE_MAX or
 * more bytes is cut off. Without a console it does nothing.
 */
void log_info(const char *fmt, ...) __printf(1, 2);

/* Waits until the serial port has sent the log; the screen shows its end. */
void log_flush(void);

/* Returns true if the reader of the screen can answer. */
bool log_has_keyboard(void);

/*
 * Waits, at the end of the machine, for a key that is pressed after the call,
 * or until @ns nanoseconds are over and the reader does not look back over the
 * log. @ns = 0: without a limit.
 */
void log_wait_for_key(u64 ns);

/*
 * Ends Umbra: prints the reason, and in the hypervisor the registers and a
 * backtrace, then ends the machine (arch/x86/power.h). It is for states that
 * neither the guest nor the user can cause.
 */
void panic(const char *fmt, ...) __printf(1, 2) __noreturn;

#define LOG_LINE_MAX 256 /* bytes of a line's text, with the NUL */

#endif
