/* SPDX-License-Identifier: MIT */
/*
 * The console is the serial line and the screen at once; a machine may have
 * either, both or none. The guest's output and Umbra's own come through here.
 *
 * Umbra's own output appears at once: it may be the last before the machine
 * hangs. The guest's output waits for the next refresh, since to show each
 * scroll would slow the guest down.
 */
#include <stdarg.h>

#include "arch/x86/apic.h"
#include "arch/x86/console/console.h"
#include "arch/x86/console/framebuffer.h"
#include "arch/x86/console/keyboard.h"
#include "arch/x86/paging.h"
#include "arch/x86/console/screen.h"
#include "arch/x86/console/ports.h"
#include "arch/x86/console/serial.h"
#include "arch/x86/console/vga.h"
#include "arch/x86/boot_info.h"
#include "arch/x86/time.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "lib/string.h"

#define LOG_PREFIX "umbra: "
#define EARLY_MAX 4096
#define SETTLE_NS NS_PER_SEC
#define POLL_NS (NS_PER_SEC / 50)

/* By the mark of log.h; the VGA's light red, yellow and white. */
static const u8 mark_colours[LOG_MARKS] = { SCREEN_NORMAL, 0x0c, 0x0e, 0x0f };

static char last = '\n';

/* Gets each line of log_info, too. */
static void (*copy)(void *ctx, const char *text, size_t length);
static void *copy_ctx;

/* The text before the choice of the serial port. */
static char early[EARLY_MAX];
static size_t early_length;
static bool chosen;

/* The surface that will show the screen; NULL: there is none. */
static const struct screen_surface *surface;
static bool within_reach; /* entry.asm's tables map it, too */
static const char *screen_fault;

void console_init_screen(const struct boot_info *info)
{
	const struct boot_framebuffer *fb = &info->framebuffer;

	if (fb->type == BOOT_FRAMEBUFFER_NONE && info->efi) {
		screen_fault = "the boot loader gave none";
	} else if (fb->type == BOOT_FRAMEBUFFER_NONE ||
		   fb->type == BOOT_FRAMEBUFFER_TEXT) {
		/* No fault: the BIOS has left the text mode on. */
		surface = &vga_surface;
		within_reach = true;
	} else {
		screen_fault = framebuffer_fault(fb);
		if (screen_fault)
			return;
		surface = framebuffer_surface(
			fb, (volatile u8 *)DEVICE_MAP_BASE + fb->address);
		within_reach = fb->address + (u64)fb->pitch * fb->height <=
			       4 * GIB;
	}
	if (surface)
		screen_init(surface->columns, surface->rows);
}

void console_show(void)
{
	if (surface)
		screen_show(surface);
	surface = NULL;
	keyboard_init();
	if (screen_fault)
		log_info(LOG_WARNING
			 "no framebuffer to write on: %s; in GRUB, try insmod "
			 "all_video, and set gfxpayload=1024x768x32 after the "
			 "command multiboot2",
			 screen_fault);
}

static void send(char c)
{
	if (!chosen && early_length < EARLY_MAX)
		early[early_length++] = c;
	if (c == '\n' && last != '\r')
		serial_write('\r');
	serial_write((u8)c);
	last = c;
}

void console_write(const char *s, size_t n)
{
	for (; n; n--, s++) {
		send(*s);
		screen_write(*s);
	}
}

void console_choose_port(unsigned int choice, const struct acpi_facts *acpi)
{
	bool is_new = ports_choose(choice, acpi);

	chosen = true;
	for (size_t i = 0; is_new && i < early_length; i++)
		send(early[i]);
}

void log_flush(void)
{
	if (surface && within_reach)
		console_show();
	screen_scroll(SCREEN_NEWEST);
	screen_refresh();
	serial_flush();
}

void console_poll(void)
{
	keyboard_poll();
}

int console_read(void)
{
	int byte = serial_read();

	return byte >= 0 ? byte : keyboard_read();
}

bool log_has_keyboard(void)
{
	return keyboard_present();
}

void log_wait_for_key(u64 ns)
{
	bool looks_back = false;
	u64 start, settled;

	/* Drops the keys that were meant for the guest. */
	settled = time_ns() + SETTLE_NS;
	while (time_ns() < settled) /* the serial port may end a sleep */
		apic_sleep(settled - time_ns());
	keyboard_poll();
	while (keyboard_read() >= 0)
		;
	start = time_ns();
	while (keyboard_read() < 0 &&
	       (!ns || looks_back || time_ns() - start < ns)) {
		apic_sleep(POLL_NS);
		keyboard_poll();
		looks_back = screen_scroll(0);
		screen_refresh();
	}
}

void log_info(const char *fmt, ...)
{
	char text[sizeof(LOG_PREFIX) + LOG_LINE_MAX + 1] = LOG_PREFIX;
	size_t room = LOG_LINE_MAX + 1, prefix = sizeof(LOG_PREFIX) - 1;
	u8 colour = mark_colours[log_take_mark(&fmt)];
	size_t length;
	va_list args;

	va_start(args, fmt);
	length = (size_t)vsnprintf(text + prefix, room, fmt, args);
	va_end(args);
	length = prefix + MIN(length, room - 1);
	text[length++] = '\n';
	/* The guest may have written a part of a line. */
	if (last != '\n')
		console_write("\n", 1);
	for (size_t i = 0; i < length; i++)
		send(text[i]);
	screen_write_line(text, length, colour);
	screen_refresh();
	if (copy)
		copy(copy_ctx, text + prefix, length - prefix);
}

void console_copy_log(void (*to)(void *ctx, const char *text, size_t length),
		      void *ctx)
{
	copy = to;
	copy_ctx = ctx;
}
