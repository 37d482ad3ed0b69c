/* SPDX-License-Identifier: MIT */
/*
 * Umbra's console: a serial port, the screen and the keyboard, as far as the
 * machine has them.
 */
#ifndef ARCH_X86_CONSOLE_CONSOLE_H
#define ARCH_X86_CONSOLE_CONSOLE_H

#include "lib/types.h"

struct boot_info;

/*
 * Finds out the kind of the screen. It will show all text that is written from
 * then on: after console_show, or at the end of the machine, if that comes
 * first.
 */
void console_init_screen(const struct boot_info *info);

/*
 * Shows the screen and starts the keyboard; after paging_init. Logs a warning
 * if Umbra can't use the screen.
 */
void console_show(void);

struct acpi_facts;

/*
 * Chooses the serial port (enum port_choice) among all that the machine has; a
 * port that was not in use before gets the first EARLY_MAX bytes of the earlier
 * text, too.
 */
void console_choose_port(unsigned int choice, const struct acpi_facts *acpi);

/*
 * Writes n bytes. The serial line gets "\r\n" for a "\n" that no '\r' precedes.
 * The screen shows the bytes at the next screen_refresh or log_info.
 */
void console_write(const char *s, size_t n);

/*
 * Sends each later line of log_info to @to, too: without "umbra: ", with its
 * newline. NULL ends this.
 */
void console_copy_log(void (*to)(void *ctx, const char *text, size_t length),
		      void *ctx);

/* Fetches the typed keys, also if nothing reads them; see keyboard.h. */
void console_poll(void);

/* Returns a byte from the serial port or the keyboard, -1 if there is none. */
int console_read(void);

#endif
