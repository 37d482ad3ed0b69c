/* SPDX-License-Identifier: MIT */
/*
 * Umbra's console: a serial port, the screen and the keyboard, as far as they
 * are there.
 */
#ifndef ARCH_X86_CONSOLE_CONSOLE_H
#define ARCH_X86_CONSOLE_CONSOLE_H

#include "lib/types.h"

struct boot_info;

/*
 * Finds out what the screen is. What is written from then on will be seen on
 * it after console_show, or at the end of the machine, if that comes before.
 */
void console_init_screen(const struct boot_info *info);

/*
 * Shows the screen, and listens to the keyboard; after paging_init. Says so if
 * Umbra can't use the screen.
 */
void console_show(void);

struct acpi_facts;

/*
 * Chooses the serial port (enum port_choice) among all that the machine has;
 * what was written before is sent to it, too, as far as EARLY_MAX goes.
 */
void console_choose_port(unsigned int choice, const struct acpi_facts *acpi);

/*
 * Writes n bytes; "\n" goes to the serial line as "\r\n" unless '\r' led. They
 * appear on the screen at the next screen_refresh or log_info.
 */
void console_write(const char *s, size_t n);

/*
 * From now on each line of log_info goes to @to, too: without "umbra: ", with
 * its newline. NULL: no more.
 */
void console_copy_log(void (*to)(void *ctx, const char *text, size_t length),
		      void *ctx);

/* Takes in what has been typed, also if nobody reads it; see keyboard.h. */
void console_poll(void);

/* A byte from the serial port or typed on the keyboard; -1 when there is none. */
int console_read(void);

#endif
