/* SPDX-License-Identifier: MIT */
/* Characters as pixels, in every format that Umbra takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/console/font.h"
#include "arch/x86/console/framebuffer.h"
#include "arch/x86/console/screen.h"
#include "boot/multiboot2.h"

/* The glyph that is drawn: a corner, a diagonal, and the last row's end. */
const u8 font_glyphs[FONT_GLYPHS][FONT_HEIGHT] = {
	['A' - FONT_FIRST] = { 0x80, 0x40, [15] = 0x01 },
	[FONT_OTHER - FONT_FIRST] = { 0xff },
};

static const struct boot_framebuffer good = {
	.type = BOOT_FRAMEBUFFER_PIXELS,
	.address = 0x8000000000,
	.pitch = 321 * 4,
	.width = 320,
	.height = 208,
	.bits_per_pixel = 32,
	.red = { 16, 8 },
	.green = { 8, 8 },
	.blue = { 0, 8 },
};

/* A processor whose physical addresses have 40 bits. */
bool paging_reaches(hpa_t hpa, u64 size)
{
	return hpa + size <= BIT(40);
}

/* The framebuffer's pixel, whatever its format. */
static u32 pixel(const struct boot_framebuffer *fb, const u8 *memory,
		 unsigned int x, unsigned int y)
{
	u32 value = 0;
	unsigned int bytes = fb->bits_per_pixel / 8;

	memcpy(&value, memory + y * fb->pitch + x * bytes, bytes);
	return value;
}

/* Draws "A" in red on blue at (1, 2), and looks at its pixels. */
static void draw_one(const struct boot_framebuffer *fb, u32 red, u32 blue,
		     unsigned int scale)
{
	size_t size = (size_t)fb->pitch * fb->height;
	u8 *memory = malloc(size); /* ASan sees an access beyond it */
	const struct screen_surface *s = framebuffer_surface(fb, memory);
	unsigned int x = 2 * 8 * scale, y = 16 * scale, last = scale - 1;
	u16 cell = SCREEN_CELL(0x14, 'A');

	assert_null(framebuffer_fault(fb));
	memset(memory, 0xee, size);
	s->clear();
	for (unsigned int i = 0; i < fb->width; i++)
		assert_int_equal(pixel(fb, memory, i, fb->height - 1), 0);
	s->draw(1, 2, &cell, 1);
	assert_int_equal(pixel(fb, memory, x, y), red);
	assert_int_equal(pixel(fb, memory, x + last, y + last), red);
	assert_int_equal(pixel(fb, memory, x + scale, y), blue);
	assert_int_equal(pixel(fb, memory, x + scale, y + scale), red);
	assert_int_equal(pixel(fb, memory, x + 7 * scale, y + 15 * scale), red);
	assert_int_equal(pixel(fb, memory, x - 1, y), 0);
	assert_int_equal(pixel(fb, memory, x + 8 * scale, y), 0);
	assert_int_equal(pixel(fb, memory, x, y - 1), 0);
	assert_int_equal(pixel(fb, memory, x, y + 16 * scale), 0);
	/* The last cell, and a character that has no glyph. */
	cell = SCREEN_CELL(SCREEN_NORMAL, 0x01);
	s->draw(s->rows - 1, s->columns - 1, &cell, 1);
	assert_int_not_equal(pixel(fb, memory, s->columns * 8 * scale - 1,
				   (s->rows - 1) * 16 * scale),
			     0);
	free(memory);
}

static void test_32_bits(void **state)
{
	draw_one(&good, 0xaa0000, 0x0000aa, 1);
}

static void test_24_bits(void **state)
{
	struct boot_framebuffer fb = good;

	fb.bits_per_pixel = 24;
	fb.pitch = 320 * 3 + 1;
	fb.red.position = 0; /* blue first */
	fb.blue.position = 16;
	draw_one(&fb, 0x0000aa, 0xaa0000, 1);
}

/* Ten bits a colour, as some panels have it; and five. */
static void test_channels(void **state)
{
	struct boot_framebuffer fb = good;

	fb.red = (struct boot_channel){ 20, 10 };
	fb.green = (struct boot_channel){ 10, 10 };
	fb.blue = (struct boot_channel){ 0, 5 };
	draw_one(&fb, 0x2a8u << 20, 0x15, 1);
}

/* A dense panel: everything is twice as large. */
static void test_scale(void **state)
{
	struct boot_framebuffer fb = good;

	fb.width = 3840;
	fb.height = 2160;
	fb.pitch = 4096 * 4;
	draw_one(&fb, 0xaa0000, 0x0000aa, 2);
	assert_int_equal(framebuffer_surface(&fb, NULL)->columns, 240);
	assert_int_equal(framebuffer_surface(&fb, NULL)->rows, 67);
}

#define ASSERT_FAULT(field, value, words)                                      \
	do {                                                                   \
		struct boot_framebuffer fb = good;                             \
                                                                               \
		fb.field = value;                                              \
		assert_non_null(framebuffer_fault(&fb));                       \
		assert_non_null(strstr(framebuffer_fault(&fb), words));        \
	} while (0)

static void test_faults(void **state)
{
	ASSERT_FAULT(type, BOOT_FRAMEBUFFER_INDEXED, "palette");
	ASSERT_FAULT(bits_per_pixel, 16, "24 nor 32");
	ASSERT_FAULT(red.position, 25, "colours");
	ASSERT_FAULT(green.size, 0, "colours");
	ASSERT_FAULT(blue.size, 17, "colours");
	ASSERT_FAULT(width, 319, "small");
	ASSERT_FAULT(height, 199, "small");
	ASSERT_FAULT(pitch, 1276, "size");
	ASSERT_FAULT(pitch, 1u << 31, "size");
	ASSERT_FAULT(width, 0x40000000, "size");
	ASSERT_FAULT(height, 20000, "size");
	ASSERT_FAULT(pitch, 1282, "aligned");
	ASSERT_FAULT(address, 0xe0000001, "aligned");
	ASSERT_FAULT(address, 0, "address");
	ASSERT_FAULT(address, BIT(40) - PAGE_SIZE, "address");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_32_bits),	 cmocka_unit_test(test_24_bits),
		cmocka_unit_test(test_channels), cmocka_unit_test(test_scale),
		cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
