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

static bool output_is_full(void)
{
	return i8042_read_status(&kbc) & OUTPUT_FULL;
}

static u8 read_output(void)
{
	u8 value;

	assert_true(output_is_full());
	value = i8042_read_data(&kbc);
	assert_false(output_is_full());
	i8042_receive(&kbc);
	return value;
}

static void write_command(u8 value)
{
	assert_false(i8042_write_command(&kbc, value));
}

static void write_data(u8 value)
{
	assert_false(i8042_write_data(&kbc, value));
}

static u8 command_byte(void)
{
	write_command(0x20);
	return read_output();
}

static void controller(void **state)
{
	assert_int_equal(i8042_read_status(&kbc), 0x14);
	write_command(0xaa);
	assert_int_equal(i8042_read_status(&kbc), 0x1d);
	assert_int_equal(read_output(), 0x55);
	write_command(0xab);
	assert_int_equal(read_output(), 0x00);
	write_command(0xa9);
	assert_int_equal(read_output(), 0x00);
	write_command(0xd0);
	assert_int_equal(read_output(), 0x03);
	assert_int_equal(command_byte(), 0x65);
	write_command(0x60);
	write_data(0x47);
	assert_int_equal(i8042_read_status(&kbc), 0x14);
	assert_int_equal(command_byte(), 0x47);
	write_command(0xa7);
	assert_int_equal(command_byte(), 0x67);
	write_command(0xa8);
	assert_int_equal(command_byte(), 0x47);
	write_command(0xad);
	assert_int_equal(command_byte(), 0x57);
	write_command(0xae);
	assert_int_equal(command_byte(), 0x47);
	/* The rest of its memory keeps written bytes. */
	write_command(0x7f);
	write_data(0x99);
	write_command(0x3f);
	assert_int_equal(read_output(), 0x99);
	assert_int_equal(command_byte(), 0x47);
}

static void keyboard(void **state)
{
	static const u8 with_parameter[] = { 0xed, 0xf0, 0xf3 };
	static const u8 simple[] = { 0xf4, 0xf5, 0xf6 };

	write_data(0xff);
	assert_int_equal(read_output(), 0xfa);
	assert_int_equal(read_output(), 0xaa);
	write_data(0xf2);
	assert_int_equal(read_output(), 0xfa);
	assert_int_equal(read_output(), 0xab);
	assert_int_equal(read_output(), 0x41); /* 83h, translated */
	write_data(0xf0);
	assert_int_equal(read_output(), 0xfa);
	write_data(0x00); /* which set of scan codes? */
	assert_int_equal(read_output(), 0xfa);
	assert_int_equal(read_output(), 0x41); /* 2, translated */
	assert_false(output_is_full());
	write_command(0x60);
	write_data(0x05);
	write_data(0xf0);
	assert_int_equal(read_output(), 0xfa);
	write_data(0x00);
	assert_int_equal(read_output(), 0xfa);
	assert_int_equal(read_output(), 0x02);
	write_data(0xf2);
	assert_int_equal(read_output(), 0xfa);
	assert_int_equal(read_output(), 0xab);
	assert_int_equal(read_output(), 0x83);
	for (size_t i = 0; i < ARRAY_SIZE(with_parameter); i++) {
		write_data(with_parameter[i]);
		assert_int_equal(read_output(), 0xfa);
		write_data(0x02);
		assert_int_equal(read_output(), 0xfa);
		assert_false(output_is_full());
	}
	for (size_t i = 0; i < ARRAY_SIZE(simple); i++) {
		write_data(simple[i]);
		assert_int_equal(read_output(), 0xfa);
		assert_false(output_is_full());
	}
	write_data(0xee);
	assert_int_equal(read_output(), 0xee);
	write_data(0x02);
	assert_int_equal(read_output(), 0xfe);
	/* A command in a parameter's place is a command. */
	write_data(0xed);
	assert_int_equal(read_output(), 0xfa);
	write_data(0xf4);
	assert_int_equal(read_output(), 0xfa);
	write_data(0x02);
	assert_int_equal(read_output(), 0xfe);
	assert_false(output_is_full());
}

/* While its interface is off, the keyboard's bytes wait. */
static void keyboard_off(void **state)
{
	write_data(0xff);
	write_command(0xad);
	assert_int_equal(read_output(), 0xfa);
	assert_false(output_is_full());
	assert_int_equal(command_byte(), 0x75);
	write_command(0xae);
	assert_int_equal(read_output(), 0xaa);
	/* The keyboard's queue is short, but a new command empties it. */
	write_command(0xad);
	for (int i = 0; i < 100; i++)
		write_data(0xf2);
	assert_int_equal(read_output(), 0xfa);
	assert_int_equal(read_output(), 0xfa);
	assert_int_equal(read_output(), 0xab);
	assert_int_equal(read_output(), 0x41);
	assert_false(output_is_full());
}

static void mouse(void **state)
{
	write_command(0xd3);
	write_data(0x5a);
	assert_int_equal(i8042_read_status(&kbc) & MOUSE, MOUSE);
	assert_int_equal(read_output(), 0x5a);
	assert_int_equal(i8042_read_status(&kbc) & MOUSE, 0);
	write_command(0xd2);
	write_data(0xa5);
	assert_int_equal(i8042_read_status(&kbc) & MOUSE, 0);
	assert_int_equal(read_output(), 0xa5);
	/* No mouse answers. */
	write_command(0xd4);
	write_data(0xf2);
	assert_int_equal(i8042_read_status(&kbc), 0x75);
	assert_int_equal(read_output(), 0xfe);
	assert_false(output_is_full());
}

static void interrupts(void **state)
{
	write_data(0xee);
	assert_true(i8042_keyboard_irq(&kbc));
	read_output();
	assert_false(i8042_keyboard_irq(&kbc));
	write_command(0xd3);
	write_data(0x00);
	assert_false(i8042_keyboard_irq(&kbc));
	assert_false(i8042_mouse_irq(&kbc));
	write_command(0x60);
	write_data(0x02);
	assert_true(i8042_mouse_irq(&kbc));
	read_output();
	assert_false(i8042_mouse_irq(&kbc));
	write_data(0xee);
	assert_true(output_is_full());
	assert_false(i8042_keyboard_irq(&kbc));
}

static void reset(void **state)
{
	for (unsigned int pulse = 0xf0; pulse <= 0xff; pulse++)
		assert_int_equal(i8042_write_command(&kbc, pulse),
				 !(pulse & 1));
	write_command(0xd1);
	assert_false(i8042_write_data(&kbc, 0x03));
	write_command(0xd1);
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
