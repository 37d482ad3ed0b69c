/* SPDX-License-Identifier: MIT */
/*
 * Scan-code set 1: a key sends a byte when it is pressed, and the same with bit
 * 7 set when it is released. E0h precedes the bytes of keys that the PC/AT did
 * not have (IBM PS/2 Hardware Interface Technical Reference, "Keyboard", scan
 * code set 1).
 */
#include "arch/x86/console/scancode.h"
#include "lib/string.h"

#define RELEASED 0x80
#define CODE_EXTENDED 0xe0
#define CODE_PAUSE 0xe1 /* five bytes follow; its release sends none */
#define PAUSE_REST 5

#define KEY_CTRL 0x1d
#define KEY_LEFT_SHIFT 0x2a
#define KEY_RIGHT_SHIFT 0x36
#define KEY_ALT 0x38
#define KEY_CAPS_LOCK 0x3a
#define KEY_KEYPAD_SLASH 0x35 /* extended */
#define KEY_KEYPAD_ENTER 0x1c /* extended */

#define ESC "\x1b"
#define ESCAPE '\x1b'
#define CONTROL_BITS 0x1f

/* By scan code, from 0: the character of the key alone, and with Shift. */
static const char plain[] = "\0\x1b"
			    "1234567890-=\x7f"
			    "\tqwertyuiop[]\r\0"
			    "asdfghjkl;'`\0"
			    "\\zxcvbnm,./\0*\0 ";
static const char shifted[] = "\0\x1b"
			      "!@#$%^&*()_+\x7f"
			      "\tQWERTYUIOP{}\r\0"
			      "ASDFGHJKL:\"~\0"
			      "|ZXCVBNM<>?\0*\0 ";

struct key_sequence {
	u8 code;
	char text[SCANCODE_TEXT_MAX];
};

/* The extended keys, and the same ones on a keypad without Num Lock. */
static const struct key_sequence sequences[] = {
	{ 0x47, ESC "[H" },	    { 0x48, ESC "[A" },
	{ 0x49, SCANCODE_PAGE_UP }, { 0x4b, ESC "[D" },
	{ 0x4d, ESC "[C" },	    { 0x4f, ESC "[F" },
	{ 0x50, ESC "[B" },	    { 0x51, SCANCODE_PAGE_DOWN },
	{ 0x52, ESC "[2~" },	    { 0x53, ESC "[3~" },
};

/* Notes the state of a modifier. Returns false if the key is none. */
static bool modify(struct scancode_state *state, u8 key, bool pressed)
{
	switch (key) {
	case KEY_CTRL:
		*(state->extended ? &state->right_ctrl : &state->left_ctrl) =
			pressed;
		return true;
	case KEY_LEFT_SHIFT:
	case KEY_RIGHT_SHIFT:
		/* Extended ones come with Print Screen and the like. */
		if (!state->extended)
			*(key == KEY_LEFT_SHIFT
				  ? &state->left_shift
				  : &state->right_shift) = pressed;
		return true;
	case KEY_ALT:
		state->alt = pressed;
		return true;
	case KEY_CAPS_LOCK:
		state->caps_lock ^= pressed;
		return true;
	default:
		return false;
	}
}

/* Returns the character of a key, or 0 if it has none. */
static char character(const struct scancode_state *state, u8 key)
{
	bool shift = state->left_shift || state->right_shift;
	bool ctrl = state->left_ctrl || state->right_ctrl;
	char c;

	if (key >= sizeof(plain))
		return 0;
	c = plain[key];
	if (state->caps_lock && c >= 'a' && c <= 'z')
		shift = !shift;
	if (shift)
		c = shifted[key];
	/* These have control characters: @ A to Z [ \ ] ^ _ */
	if (ctrl && plain[key] >= '[' && plain[key] <= 'z')
		return plain[key] & CONTROL_BITS;
	if (ctrl && c >= '@' && c <= '_')
		return c & CONTROL_BITS;
	return c;
}

static const char *sequence(u8 key)
{
	for (size_t i = 0; i < ARRAY_SIZE(sequences); i++)
		if (sequences[i].code == key)
			return sequences[i].text;
	return "";
}

void scancode_translate(struct scancode_state *state, u8 code,
			char text[SCANCODE_TEXT_MAX])
{
	bool pressed = !(code & RELEASED), extended = state->extended;
	u8 key = code & ~RELEASED;
	char c;

	text[0] = 0;
	if (state->ignore) {
		state->ignore--;
		return;
	}
	if (code == CODE_EXTENDED || code == CODE_PAUSE) {
		state->extended = code == CODE_EXTENDED;
		state->ignore = code == CODE_PAUSE ? PAUSE_REST : 0;
		return;
	}
	if (modify(state, key, pressed) || !pressed) {
		state->extended = false;
		return;
	}
	state->extended = false;
	c = character(state, key);
	if (extended && key != KEY_KEYPAD_SLASH && key != KEY_KEYPAD_ENTER)
		c = 0;
	if (!c) {
		memcpy(text, sequence(key), strlen(sequence(key)) + 1);
		return;
	}
	if (state->alt)
		*text++ = ESCAPE;
	*text++ = c;
	*text = 0;
}
