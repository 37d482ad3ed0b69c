/* SPDX-License-Identifier: MIT */
/*
 * The console is the serial line and the screen at once; a machine may have
 * either, both or none. The guest's output and Umbra's own come through here.
 */
#include <stdarg.h>

#include "arch/x86/console.h"
#include "arch/x86/serial.h"
#include "arch/x86/vga.h"
#include "boot/multiboot2.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "lib/string.h"

#define LOG_PREFIX "umbra: "

static char last = '\n';

void console_init(void)
{
	serial_init();
}

void console_init_screen(const struct boot_info *info)
{
	const struct boot_framebuffer *fb = &info->framebuffer;

	/* No word about a framebuffer: the BIOS left the text mode on. */
	if (fb->type == BOOT_FRAMEBUFFER_TEXT ||
	    (fb->type == BOOT_FRAMEBUFFER_NONE && !info->efi))
		vga_init();
}

void console_write(const char *s, size_t n)
{
	for (; n; n--, s++) {
		if (*s == '\n' && last != '\r')
			serial_write('\r');
		serial_write((u8)*s);
		vga_write(*s);
		last = *s;
	}
}

void console_flush(void)
{
	serial_flush();
}

int console_read(void)
{
	return serial_read();
}

void log_info(const char *fmt, ...)
{
	char text[sizeof(LOG_PREFIX) + LOG_LINE_MAX + 1] = LOG_PREFIX;
	size_t room = LOG_LINE_MAX + 1, prefix = sizeof(LOG_PREFIX) - 1;
	size_t length;
	va_list args;

	va_start(args, fmt);
	length = (size_t)vsnprintf(text + prefix, room, fmt, args);
	va_end(args);
	length = prefix + MIN(length, room - 1);
	text[length++] = '\n';
	/* The guest may be in the midst of a line of its own. */
	if (last != '\n')
		console_write("\n", 1);
	console_write(text, length);
}
