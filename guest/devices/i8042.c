/* SPDX-License-Identifier: MIT */
/* The keyboard controller: see i8042.h. Names are the reference's. */
#include "guest/devices/i8042.h"

#include "lib/string.h"

#define STATUS_OUTPUT_FULL BIT(0)
#define STATUS_SYSTEM BIT(2)
#define STATUS_COMMAND BIT(3) /* the last write was a command */
#define STATUS_NOT_LOCKED BIT(4) /* by a key in the PC's front */
#define STATUS_MOUSE BIT(5) /* the output is the mouse's */
#define STATUS_TIMEOUT BIT(6)

#define COMMAND_BYTE 0 /* in memory */
#define CB_KEYBOARD_IRQ BIT(0)
#define CB_MOUSE_IRQ BIT(1)
#define CB_SYSTEM BIT(2) /* self-test passed: the same in the status */
#define CB_KEYBOARD_OFF BIT(4)
#define CB_MOUSE_OFF BIT(5)
#define CB_TRANSLATE BIT(6) /* the keyboard's scan code set 2 to set 1 */

/* Commands to the controller; READ and WRITE have an address in them. */
enum {
	READ_MEMORY = 0x20,
	WRITE_MEMORY = 0x60,
	MOUSE_OFF = 0xa7,
	MOUSE_ON = 0xa8,
	TEST_MOUSE_PORT = 0xa9,
	SELF_TEST = 0xaa,
	TEST_KEYBOARD_PORT = 0xab,
	KEYBOARD_OFF = 0xad,
	KEYBOARD_ON = 0xae,
	READ_OUTPUT_PORT = 0xd0,
	WRITE_OUTPUT_PORT = 0xd1,
	KEYBOARD_LOOP = 0xd2, /* a byte as if the keyboard had sent it */
	MOUSE_LOOP = 0xd3,
	WRITE_MOUSE = 0xd4,
	PULSE = 0xf0 /* outputs low whose bits are 0 */
};

#define ADDRESS (I8042_MEMORY - 1)
#define PULSE_OUTPUTS 0x0f
#define SELF_TEST_GOOD 0x55
#define PORT_GOOD 0x00
#define OUTPUT_NO_RESET BIT(0)
#define OUTPUT_A20 BIT(1) /* on, always: port 92h says so, too */

/* Commands to the keyboard, and its answers. */
enum {
	SET_LEDS = 0xed,
	ECHO = 0xee,
	SET_SCAN_CODES = 0xf0,
	IDENTIFY = 0xf2,
	SET_RATE = 0xf3,
	ENABLE = 0xf4,
	DISABLE = 0xf5,
	SET_DEFAULTS = 0xf6,
	ACKNOWLEDGE = 0xfa,
	RESEND = 0xfe,
	RESET = 0xff,
	RESET_GOOD = 0xaa
};

#define KEYBOARD_ID 0xab
#define KEYBOARD_ID_2 0x83
#define SCAN_CODES 2 /* the keyboard's set of them */
#define TRANSLATED 0x41 /* to set 1: both KEYBOARD_ID_2 and SCAN_CODES */

void i8042_init(struct i8042 *kbc)
{
	memset(kbc, 0, sizeof(*kbc));
	/* As a PC's firmware leaves it. */
	kbc->memory[COMMAND_BYTE] = CB_KEYBOARD_IRQ | CB_SYSTEM | CB_MOUSE_OFF |
				    CB_TRANSLATE;
}

static void output(struct i8042 *kbc, u8 value, u8 status)
{
	kbc->output = value;
	kbc->output_status = STATUS_OUTPUT_FULL | status;
}

void i8042_receive(struct i8042 *kbc)
{
	u8 command_byte = kbc->memory[COMMAND_BYTE], value = kbc->queue[0];

	if (!kbc->queued || kbc->output_status ||
	    command_byte & CB_KEYBOARD_OFF)
		return;
	/* Translation changes no other byte that this keyboard sends. */
	if (command_byte & CB_TRANSLATE &&
	    (value == KEYBOARD_ID_2 || value == SCAN_CODES))
		value = TRANSLATED;
	output(kbc, value, 0);
	kbc->queued--;
	memmove(kbc->queue, kbc->queue + 1, kbc->queued);
}

u8 i8042_read_data(struct i8042 *kbc)
{
	kbc->output_status = 0;
	return kbc->output;
}

u8 i8042_read_status(const struct i8042 *kbc)
{
	u8 status = STATUS_NOT_LOCKED | kbc->output_status;

	if (kbc->memory[COMMAND_BYTE] & CB_SYSTEM)
		status |= STATUS_SYSTEM;
	return kbc->command_last ? status | STATUS_COMMAND : status;
}

bool i8042_keyboard_irq(const struct i8042 *kbc)
{
	return kbc->memory[COMMAND_BYTE] & CB_KEYBOARD_IRQ &&
	       kbc->output_status && !(kbc->output_status & STATUS_MOUSE);
}

bool i8042_mouse_irq(const struct i8042 *kbc)
{
	return kbc->memory[COMMAND_BYTE] & CB_MOUSE_IRQ &&
	       kbc->output_status & STATUS_MOUSE;
}

/* Queues a byte of the keyboard; a byte without room is lost. */
static void send(struct i8042 *kbc, u8 value)
{
	if (kbc->queued < I8042_QUEUE)
		kbc->queue[kbc->queued++] = value;
}

static void write_keyboard(struct i8042 *kbc, u8 value)
{
	/* A byte to the keyboard switches its interface on. */
	kbc->memory[COMMAND_BYTE] &= ~CB_KEYBOARD_OFF;
	if (kbc->keyboard_command && value < SET_LEDS) {
		send(kbc, ACKNOWLEDGE);
		if (kbc->keyboard_command == SET_SCAN_CODES && !value)
			send(kbc, SCAN_CODES); /* 0 asks for it */
		kbc->keyboard_command = 0;
		return;
	}
	kbc->keyboard_command = 0;
	kbc->queued = 0; /* a command drops the queued bytes */
	switch (value) {
	case ECHO:
		send(kbc, ECHO);
		return;
	case SET_LEDS:
	case SET_SCAN_CODES:
	case SET_RATE:
		kbc->keyboard_command = value;
		break;
	case IDENTIFY:
	case ENABLE:
	case DISABLE:
	case SET_DEFAULTS:
	case RESET:
		break;
	default:
		send(kbc, RESEND); /* not understood */
		return;
	}
	send(kbc, ACKNOWLEDGE);
	if (value == RESET) {
		send(kbc, RESET_GOOD);
	} else if (value == IDENTIFY) {
		send(kbc, KEYBOARD_ID);
		send(kbc, KEYBOARD_ID_2);
	}
}

/* Writes a command's parameter. Returns true if it resets the processor. */
static bool write_parameter(struct i8042 *kbc, u8 command, u8 value)
{
	switch (command) {
	case WRITE_OUTPUT_PORT:
		return !(value & OUTPUT_NO_RESET);
	case KEYBOARD_LOOP:
		output(kbc, value, 0);
		break;
	case MOUSE_LOOP:
		output(kbc, value, STATUS_MOUSE);
		break;
	case WRITE_MOUSE: /* no mouse answers */
		output(kbc, RESEND, STATUS_MOUSE | STATUS_TIMEOUT);
		break;
	default: /* WRITE_MEMORY */
		kbc->memory[command & ADDRESS] = value;
		break;
	}
	return false;
}

bool i8042_write_data(struct i8042 *kbc, u8 value)
{
	u8 command = kbc->command;
	bool reset = false;

	kbc->command_last = false;
	kbc->command = 0;
	if (command)
		reset = write_parameter(kbc, command, value);
	else
		write_keyboard(kbc, value);
	i8042_receive(kbc);
	return reset;
}

static void carry_out(struct i8042 *kbc, u8 command)
{
	u8 *command_byte = &kbc->memory[COMMAND_BYTE];

	switch (command) {
	case READ_MEMORY ... READ_MEMORY + ADDRESS:
		output(kbc, kbc->memory[command & ADDRESS], 0);
		break;
	case WRITE_MEMORY ... WRITE_MEMORY + ADDRESS:
	case WRITE_OUTPUT_PORT ... WRITE_MOUSE:
		kbc->command = command;
		break;
	case MOUSE_OFF:
		*command_byte |= CB_MOUSE_OFF;
		break;
	case MOUSE_ON:
		*command_byte &= ~CB_MOUSE_OFF;
		break;
	case KEYBOARD_OFF:
		*command_byte |= CB_KEYBOARD_OFF;
		break;
	case KEYBOARD_ON:
		*command_byte &= ~CB_KEYBOARD_OFF;
		break;
	case SELF_TEST:
		*command_byte |= CB_SYSTEM;
		output(kbc, SELF_TEST_GOOD, 0);
		break;
	case TEST_MOUSE_PORT:
	case TEST_KEYBOARD_PORT:
		output(kbc, PORT_GOOD, 0);
		break;
	case READ_OUTPUT_PORT:
		output(kbc, OUTPUT_NO_RESET | OUTPUT_A20, 0);
		break;
	}
}

bool i8042_write_command(struct i8042 *kbc, u8 command)
{
	kbc->command_last = true;
	kbc->command = 0;
	if ((command & ~PULSE_OUTPUTS) == PULSE)
		return !(command & OUTPUT_NO_RESET);
	carry_out(kbc, command);
	i8042_receive(kbc);
	return false;
}
