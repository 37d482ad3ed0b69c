/* SPDX-License-Identifier: MIT */
/* The keyboard controller, as kernels probe it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "guest/devices/i8042.h"

#define OUTPUT_FULL 0x01
#define MOUSE 0x20

static struct i8042 kbc;

static int setup(void **state)
{
	i8042_init(&kbc);
	return 0;
}

static bool full(void)
{
	return i8042_read_status(&kbc) & OUTPUT_FULL;
}

static u8 get(void)
{
	u8 value;

	assert_true(full());
	value = i8042_read_data(&kbc);
	assert_false(full());
	i8042_receive(&kbc);
	return value;
}

static void command(u8 value)
{
	assert_false(i8042_write_command(&kbc, value));
}

static void data(u8 value)
{
	assert_false(i8042_write_data(&kbc, value));
}

static u8 command_byte(void)
{
	command(0x20);
	return get();
}

static void controller(void **state)
{
	assert_int_equal(i8042_read_status(&kbc), 0x14);
	command(0xaa);
	assert_int_equal(i8042_read_status(&kbc), 0x1d);
	assert_int_equal(get(), 0x55);
	command(0xab);
	assert_int_equal(get(), 0x00);
	command(0xa9);
	assert_int_equal(get(), 0x00);
	command(0xd0);
	assert_int_equal(get(), 0x03);
	assert_int_equal(command_byte(), 0x65);
	command(0x60);
	data(0x47);
	assert_int_equal(i8042_read_status(&kbc), 0x14);
	assert_int_equal(command_byte(), 0x47);
	command(0xa7);
	assert_int_equal(command_byte(), 0x67);
	command(0xa8);
	assert_int_equal(command_byte(), 0x47);
	command(0xad);
	assert_int_equal(command_byte(), 0x57);
	command(0xae);
	assert_int_equal(command_byte(), 0x47);
	/* The rest of its memory keeps written bytes. */
	command(0x7f);
	data(0x99);
	command(0x3f);
	assert_int_equal(get(), 0x99);
	assert_int_equal(command_byte(), 0x47);
}

static void keyboard(void **state)
{
	static const u8 with_parameter[] = { 0xed, 0xf0, 0xf3 };
	static const u8 simple[] = { 0xf4, 0xf5, 0xf6 };

	data(0xff);
	assert_int_equal(get(), 0xfa);
	assert_int_equal(get(), 0xaa);
	data(0xf2);
	assert_int_equal(get(), 0xfa);
	assert_int_equal(get(), 0xab);
	assert_int_equal(get(), 0x41); /* 83h, translated */
	data(0xf0);
	assert_int_equal(get(), 0xfa);
	data(0x00); /* which set of scan codes? */
	assert_int_equal(get(), 0xfa);
	assert_int_equal(get(), 0x41); /* 2, translated */
	assert_false(full());
	command(0x60);
	data(0x05);
	data(0xf0);
	assert_int_equal(get(), 0xfa);
	data(0x00);
	assert_int_equal(get(), 0xfa);
	assert_int_equal(get(), 0x02);
	data(0xf2);
	assert_int_equal(get(), 0xfa);
	assert_int_equal(get(), 0xab);
	assert_int_equal(get(), 0x83);
	for (size_t i = 0; i < ARRAY_SIZE(with_parameter); i++) {
		data(with_parameter[i]);
		assert_int_equal(get(), 0xfa);
		data(0x02);
		assert_int_equal(get(), 0xfa);
		assert_false(full());
	}
	for (size_t i = 0; i < ARRAY_SIZE(simple); i++) {
		data(simple[i]);
		assert_int_equal(get(), 0xfa);
		assert_false(full());
	}
	data(0xee);
	assert_int_equal(get(), 0xee);
	data(0x02);
	assert_int_equal(get(), 0xfe);
	/* A command in a parameter's place is a command. */
	data(0xed);
	assert_int_equal(get(), 0xfa);
	data(0xf4);
	assert_int_equal(get(), 0xfa);
	data(0x02);
	assert_int_equal(get(), 0xfe);
	assert_false(full());
}

/* While its interface is off, the keyboard's bytes wait. */
static void keyboard_off(void **state)
{
	data(0xff);
	command(0xad);
	assert_int_equal(get(), 0xfa);
	assert_false(full());
	assert_int_equal(command_byte(), 0x75);
	command(0xae);
	assert_int_equal(get(), 0xaa);
	/* The keyboard's queue is short, but a new command empties it. */
	command(0xad);
	for (int i = 0; i < 100; i++)
		data(0xf2);
	assert_int_equal(get(), 0xfa);
	assert_int_equal(get(), 0xfa);
	assert_int_equal(get(), 0xab);
	assert_int_equal(get(), 0x41);
	assert_false(full());
}

static void mouse(void **state)
{
	command(0xd3);
	data(0x5a);
	assert_int_equal(i8042_read_status(&kbc) & MOUSE, MOUSE);
	assert_int_equal(get(), 0x5a);
	assert_int_equal(i8042_read_status(&kbc) & MOUSE, 0);
	command(0xd2);
	data(0xa5);
	assert_int_equal(i8042_read_status(&kbc) & MOUSE, 0);
	assert_int_equal(get(), 0xa5);
	/* No mouse answers. */
	command(0xd4);
	data(0xf2);
	assert_int_equal(i8042_read_status(&kbc), 0x75);
	assert_int_equal(get(), 0xfe);
	assert_false(full());
}

static void interrupts(void **state)
{
	data(0xee);
	assert_true(i8042_keyboard_irq(&kbc));
	get();
	assert_false(i8042_keyboard_irq(&kbc));
	command(0xd3);
	data(0x00);
	assert_false(i8042_keyboard_irq(&kbc));
	assert_false(i8042_mouse_irq(&kbc));
	command(0x60);
	data(0x02);
	assert_true(i8042_mouse_irq(&kbc));
	get();
	assert_false(i8042_mouse_irq(&kbc));
	data(0xee);
	assert_true(full());
	assert_false(i8042_keyboard_irq(&kbc));
}

static void reset(void **state)
{
	for (unsigned int pulse = 0xf0; pulse <= 0xff; pulse++)
		assert_int_equal(i8042_write_command(&kbc, pulse),
				 !(pulse & 1));
	command(0xd1);
	assert_false(i8042_write_data(&kbc, 0x03));
	command(0xd1);
	assert_true(i8042_write_data(&kbc, 0x02));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(controller, setup),
		cmocka_unit_test_setup(keyboard, setup),
		cmocka_unit_test_setup(keyboard_off, setup),
		cmocka_unit_test_setup(mouse, setup),
		cmocka_unit_test_setup(interrupts, setup),
		cmocka_unit_test_setup(reset, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
