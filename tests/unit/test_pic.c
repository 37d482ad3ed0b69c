/* SPDX-License-Identifier: MIT */
/* The interrupt controllers: priorities, modes, the cascade. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "guest/devices/pic.h"

#define EOI 0x20

/* As Linux does it: vectors 30h and 38h, nothing masked. */
static struct pic new_pic_with(u8 icw4)
{
	struct pic pic;

	pic_init(&pic);
	for (unsigned int i = 0; i < 2; i++) {
		pic_write(&pic, i, false, 0x11);
		pic_write(&pic, i, true, 0x30 + 8 * i);
		pic_write(&pic, i, true, i ? 2 : 4);
		pic_write(&pic, i, true, icw4);
		pic_write(&pic, i, true, 0);
	}
	return pic;
}

static struct pic new_pic(void)
{
	return new_pic_with(0x01);
}

static void pulse(struct pic *pic, u8 irq)
{
	pic_set_irq(pic, irq, false);
	pic_set_irq(pic, irq, true);
}

static void quiet_until_initialised(void **state)
{
	struct pic pic;

	pic_init(&pic);
	pulse(&pic, 0);
	pulse(&pic, 8);
	assert_false(pic_pending(&pic));
}

static void priorities(void **state)
{
	struct pic pic = new_pic();

	pulse(&pic, 4);
	pulse(&pic, 0);
	assert_true(pic_pending(&pic));
	assert_int_equal(pic_acknowledge(&pic), 0x30);
	assert_false(pic_pending(&pic)); /* 4 is held back by 0 */
	pulse(&pic, 0);
	assert_false(pic_pending(&pic));
	pic_write(&pic, 0, false, EOI);
	assert_int_equal(pic_acknowledge(&pic), 0x30);
	pic_write(&pic, 0, false, 0x60); /* specific, for 0 */
	assert_int_equal(pic_acknowledge(&pic), 0x34);
	pulse(&pic, 1); /* nests above 4 */
	assert_int_equal(pic_acknowledge(&pic), 0x31);
	pic_write(&pic, 0, false, 0x0b);
	assert_int_equal(pic_read(&pic, 0, false), 0x12);
	pic_write(&pic, 0, false, EOI);
	assert_int_equal(pic_read(&pic, 0, false), 0x10);
	pic_write(&pic, 0, false, 0x0a);
	pulse(&pic, 7);
	assert_int_equal(pic_read(&pic, 0, false), 0x80);
}

/* The chip itself fills the low bits of ICW2. */
static void base_of_eight(void **state)
{
	struct pic pic = new_pic();

	pic_write(&pic, 0, false, 0x11);
	pic_write(&pic, 0, true, 0x2f);
	pic_write(&pic, 0, true, 4);
	pic_write(&pic, 0, true, 0x01);
	pulse(&pic, 3);
	assert_int_equal(pic_acknowledge(&pic), 0x2b);
}

static void masks(void **state)
{
	struct pic pic = new_pic();

	pic_write(&pic, 0, true, 0x11);
	assert_int_equal(pic_read(&pic, 0, true), 0x11);
	assert_true(pic_masked(&pic, 4));
	pulse(&pic, 4);
	assert_false(pic_pending(&pic));
	assert_true(pic_requested(&pic, 4));
	pic_write(&pic, 0, true, 0);
	assert_int_equal(pic_acknowledge(&pic), 0x34);
	/* In special mask mode a masked input in service blocks nothing. */
	pulse(&pic, 5);
	assert_false(pic_pending(&pic));
	pic_write(&pic, 0, false, 0x68);
	pic_write(&pic, 0, true, 0x10);
	assert_int_equal(pic_acknowledge(&pic), 0x35);
	/* An EOI ends the highest one that is not masked. */
	pic_write(&pic, 0, false, EOI);
	pic_write(&pic, 0, false, 0x0b);
	assert_int_equal(pic_read(&pic, 0, false), 0x10);
}

static void cascade(void **state)
{
	struct pic pic = new_pic();

	pulse(&pic, 8);
	pulse(&pic, 3);
	assert_int_equal(pic_acknowledge(&pic), 0x38);
	pulse(&pic, 12);
	assert_false(pic_pending(&pic));
	pic_write(&pic, 1, false, EOI);
	assert_false(pic_pending(&pic)); /* the first chip still serves 2 */
	pic_write(&pic, 0, false, 0x62);
	assert_int_equal(pic_acknowledge(&pic), 0x3c);
	pic_write(&pic, 1, false, EOI);
	pic_write(&pic, 0, false, EOI);
	assert_int_equal(pic_acknowledge(&pic), 0x33);
}

static void fully_nested(void **state)
{
	struct pic pic = new_pic_with(0x11);

	pulse(&pic, 12);
	assert_int_equal(pic_acknowledge(&pic), 0x3c);
	pulse(&pic, 9);
	assert_int_equal(pic_acknowledge(&pic), 0x39);
}

static void spurious(void **state)
{
	struct pic pic = new_pic();

	pulse(&pic, 5);
	pic_set_irq(&pic, 5, false);
	assert_int_equal(pic_acknowledge(&pic), 0x37);
	pic_write(&pic, 0, false, 0x0b);
	assert_int_equal(pic_read(&pic, 0, false), 0);
	/* On the second chip the first one still serves its input 2. */
	pic.chip[0].irr = 4;
	assert_int_equal(pic_acknowledge(&pic), 0x3f);
	assert_int_equal(pic_read(&pic, 0, false), 4);
}

static void level_triggered(void **state)
{
	struct pic pic = new_pic();

	pic_write_elcr(&pic, 0, 0xff);
	pic_write_elcr(&pic, 1, 0xff);
	assert_int_equal(pic.chip[0].level, 0xf8);
	assert_int_equal(pic.chip[1].level, 0xde);
	pic_set_irq(&pic, 11, true);
	assert_int_equal(pic_acknowledge(&pic), 0x3b);
	pic_write(&pic, 1, false, EOI);
	pic_write(&pic, 0, false, EOI);
	assert_int_equal(pic_acknowledge(&pic), 0x3b); /* still high */
	pic_set_irq(&pic, 11, false);
	pic_write(&pic, 1, false, EOI);
	pic_write(&pic, 0, false, EOI);
	assert_false(pic_pending(&pic));
	/* An edge-triggered input that stays high requests once. */
	pic_set_irq(&pic, 0, true);
	pic_acknowledge(&pic);
	pic_write(&pic, 0, false, EOI);
	pic_set_irq(&pic, 0, true);
	assert_false(pic_pending(&pic));
}

static void rotation(void **state)
{
	struct pic pic = new_pic();

	pic_write(&pic, 0, false, 0xc4); /* 4 is the lowest, 5 the highest */
	pulse(&pic, 4);
	pulse(&pic, 5);
	pulse(&pic, 0);
	assert_int_equal(pic_acknowledge(&pic), 0x35);
	pic_write(&pic, 0, false, 0xa0); /* EOI, and 5 is the lowest */
	assert_int_equal(pic_acknowledge(&pic), 0x30);
	pic_write(&pic, 0, false, 0xe0); /* the same, naming 0 */
	pulse(&pic, 0);
	assert_int_equal(pic_acknowledge(&pic), 0x34);
}

static void auto_eoi_and_poll(void **state)
{
	struct pic pic = new_pic_with(0x03);

	pulse(&pic, 6);
	assert_int_equal(pic_acknowledge(&pic), 0x36);
	pic_write(&pic, 0, false, 0x0b);
	assert_int_equal(pic_read(&pic, 0, false), 0);
	pic_write(&pic, 0, false, 0x0c);
	assert_int_equal(pic_read(&pic, 0, false), 0);
	pulse(&pic, 3);
	pic_write(&pic, 0, false, 0x0c);
	assert_int_equal(pic_read(&pic, 0, false), 0x83);
	assert_false(pic_pending(&pic));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quiet_until_initialised),
		cmocka_unit_test(priorities),
		cmocka_unit_test(base_of_eight),
		cmocka_unit_test(masks),
		cmocka_unit_test(cascade),
		cmocka_unit_test(fully_nested),
		cmocka_unit_test(spurious),
		cmocka_unit_test(level_triggered),
		cmocka_unit_test(rotation),
		cmocka_unit_test(auto_eoi_and_poll),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
