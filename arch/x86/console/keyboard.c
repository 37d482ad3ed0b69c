/* SPDX-License-Identifier: MIT */
/*
 * The keyboard controller, an 8042 or its successor (IBM PS/2 Hardware
 * Interface Technical Reference, "Keyboard and Auxiliary Device Controller").
 * On a machine without one, its ports read FFh. Every wait has a limit.
 */
#include "arch/x86/cpu.h"
#include "arch/x86/console/keyboard.h"
#include "arch/x86/console/scancode.h"
#include "arch/x86/console/screen.h"
#include "lib/string.h"

#define PORT_DATA 0x60
#define PORT_STATUS 0x64 /* read */
#define PORT_COMMAND 0x64 /* written */

#define STATUS_OUTPUT_FULL 0x01
#define STATUS_INPUT_FULL 0x02
#define STATUS_AUXILIARY 0x20 /* the byte is the mouse's */

#define COMMAND_READ_MODE 0x20
#define COMMAND_WRITE_MODE 0x60
#define MODE_INTERRUPTS 0x03 /* of the keyboard and the mouse */
#define MODE_KEYBOARD_OFF 0x10
#define MODE_TRANSLATE 0x40 /* the keyboard's set 2 into set 1 */

#define KEYBOARD_ENABLE 0xf4
#define KEYBOARD_REPLY_MIN 0xf0 /* acknowledgements and errors: no keys */

#define NO_DEVICE 0xff
#define BYTES_MAX 16 /* Maximum number of bytes in the keyboard's own buffer */
#define TYPED_MAX 64
#define POLLS_MAX 20000 /* 20 ms, at a microsecond for an IN */

static bool present;
static struct scancode_state state;
static char typed[TYPED_MAX]; /* a ring of bytes not read yet */
static unsigned int first, count;

static bool wait_for(u8 mask, u8 value)
{
	for (int i = 0; i < POLLS_MAX; i++)
		if ((inb(PORT_STATUS) & mask) == value)
			return true;
	return false;
}

static bool send(u16 port, u8 byte)
{
	if (!wait_for(STATUS_INPUT_FULL, 0))
		return false;
	outb(port, byte);
	return true;
}

static void drop_output(void)
{
	for (int i = 0; i < BYTES_MAX; i++) {
		if (!(inb(PORT_STATUS) & STATUS_OUTPUT_FULL))
			return;
		inb(PORT_DATA);
	}
}

void keyboard_init(void)
{
	u8 mode;

	if (inb(PORT_STATUS) == NO_DEVICE)
		return;
	drop_output();
	if (!send(PORT_COMMAND, COMMAND_READ_MODE) ||
	    !wait_for(STATUS_OUTPUT_FULL, STATUS_OUTPUT_FULL))
		return;
	mode = inb(PORT_DATA);
	mode &= (u8) ~(MODE_INTERRUPTS | MODE_KEYBOARD_OFF);
	mode |= MODE_TRANSLATE;
	present = send(PORT_COMMAND, COMMAND_WRITE_MODE) &&
		  send(PORT_DATA, mode) && send(PORT_DATA, KEYBOARD_ENABLE);
}

/* Returns the next byte of a key, or -1; skips the mouse's and replies. */
static int read_code(void)
{
	for (int i = 0; i < BYTES_MAX; i++) {
		u8 status = inb(PORT_STATUS), byte;

		if (!(status & STATUS_OUTPUT_FULL))
			return -1;
		byte = inb(PORT_DATA);
		if (!(status & STATUS_AUXILIARY) && byte < KEYBOARD_REPLY_MIN)
			return byte;
	}
	return -1;
}

/*
 * Keeps typed bytes for keyboard_read(), and shows the newest text. A byte
 * without room is lost.
 */
static void keep_typed(const char *text)
{
	if (*text)
		screen_scroll(SCREEN_NEWEST);
	for (; *text && count < TYPED_MAX; count++)
		typed[(first + count) % TYPED_MAX] = *text++;
}

void keyboard_poll(void)
{
	char text[SCANCODE_TEXT_MAX];
	int code;

	while (present && (code = read_code()) >= 0) {
		scancode_translate(&state, (u8)code, text);
		if (!strcmp(text, SCANCODE_PAGE_UP))
			screen_scroll(1);
		else if (!strcmp(text, SCANCODE_PAGE_DOWN))
			screen_scroll(-1);
		else
			keep_typed(text);
	}
}

int keyboard_read(void)
{
	if (!count)
		return -1;
	count--;
	return (u8)typed[first++ % TYPED_MAX];
}

bool keyboard_present(void)
{
	return present;
}
