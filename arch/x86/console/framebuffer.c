/* SPDX-License-Identifier: MIT */
/*
 * Draws characters as pixels. The memory is mapped write-combining: the
 * processor collects neighbouring writes and sends them in bursts. So a run of
 * cells is drawn line by line, not cell by cell, and nothing is ever read back.
 */
#include "arch/x86/console/font.h"
#include "arch/x86/console/framebuffer.h"
#include "arch/x86/console/screen.h"
#include "arch/x86/boot_info.h"
#include "arch/x86/paging.h"

/* From this number of lines on (a small and dense panel), pixels are doubled. */
#define LINES_PER_SCALE 2000

#define WIDTH_MIN 320
#define HEIGHT_MIN 200
#define SIDE_MAX 16384

/* The VGA's sixteen colours, red, green and blue. */
static const u32 colours[16] = {
	0x000000, 0x0000aa, 0x00aa00, 0x00aaaa, 0xaa0000, 0xaa00aa,
	0xaa5500, 0xaaaaaa, 0x555555, 0x5555ff, 0x55ff55, 0x55ffff,
	0xff5555, 0xff55ff, 0xffff55, 0xffffff,
};

static struct {
	volatile u8 *memory;
	u32 pitch, width, height;
	unsigned int
		scale; /* the width and height of a glyph's pixel, in pixels */
	bool packed; /* 24 bits a pixel, not 32 */
	u32 pixels[16]; /* the colours in the framebuffer's format */
	struct screen_surface surface;
} target;

static bool channel_fits(const struct boot_channel *channel, u8 bits)
{
	return channel->size >= 1 && channel->size <= 16 &&
	       channel->position + channel->size <= bits;
}

const char *framebuffer_fault(const struct boot_framebuffer *fb)
{
	if (fb->type == BOOT_FRAMEBUFFER_INDEXED)
		return "its colours are indices into a palette";
	if (fb->bits_per_pixel != 24 && fb->bits_per_pixel != 32)
		return "it has neither 24 nor 32 bits a pixel";
	if (!channel_fits(&fb->red, fb->bits_per_pixel) ||
	    !channel_fits(&fb->green, fb->bits_per_pixel) ||
	    !channel_fits(&fb->blue, fb->bits_per_pixel))
		return "its colours lie outside of its pixels";
	if (fb->width < WIDTH_MIN || fb->height < HEIGHT_MIN)
		return "it is too small for text";
	if (fb->width > SIDE_MAX || fb->height > SIDE_MAX ||
	    fb->pitch > SIDE_MAX * sizeof(u32) ||
	    fb->pitch < fb->width * (fb->bits_per_pixel / 8))
		return "its size is impossible";
	if (fb->bits_per_pixel == 32 &&
	    (fb->address % sizeof(u32) || fb->pitch % sizeof(u32)))
		return "its lines are not aligned";
	if (!fb->address ||
	    !paging_reaches(fb->address, (u64)fb->pitch * fb->height))
		return "its address is impossible";
	return NULL;
}

void framebuffer_range(const struct boot_framebuffer *fb, hpa_t *start,
		       hpa_t *end)
{
	*start = *end = 0;
	if (fb->type != BOOT_FRAMEBUFFER_PIXELS || framebuffer_fault(fb))
		return;
	*start = ALIGN_DOWN(fb->address, PAGE_SIZE);
	*end = ALIGN_UP(fb->address + (u64)fb->pitch * fb->height, PAGE_SIZE);
}

/* Returns an 8-bit intensity as the channel's bits of a pixel. */
static u32 in_channel(const struct boot_channel *channel, u32 intensity)
{
	if (channel->size >= 8)
		intensity <<= channel->size - 8;
	else
		intensity >>= 8 - channel->size;
	return intensity << channel->position;
}

static void clear(void)
{
	for (u32 y = 0; y < target.height; y++) {
		volatile u8 *line = target.memory + (size_t)y * target.pitch;

		for (u32 i = 0; target.packed && i < target.width * 3; i++)
			line[i] = 0;
		for (u32 i = 0; !target.packed && i < target.width; i++)
			((volatile u32 *)line)[i] = 0;
	}
}

static const u8 *glyph_of(u16 cell)
{
	u8 c = (u8)cell;

	if (c < FONT_FIRST || c > FONT_OTHER)
		c = FONT_OTHER;
	return font_glyphs[c - FONT_FIRST];
}

static inline volatile u8 *put_pixel(volatile u8 *at, u32 pixel)
{
	if (!target.packed) {
		*(volatile u32 *)at = pixel;
		return at + sizeof(u32);
	}
	*at++ = (u8)pixel;
	*at++ = (u8)(pixel >> 8);
	*at++ = (u8)(pixel >> 16);
	return at;
}

/* Draws row `y` of the cell's glyph; returns the place of the next cell's. */
static volatile u8 *draw_glyph_row(volatile u8 *at, u16 cell, unsigned int y)
{
	u32 foreground = target.pixels[cell >> 8 & 15];
	u32 background = target.pixels[cell >> 12];
	u8 bits = glyph_of(cell)[y];

	for (unsigned int x = 0; x < FONT_WIDTH; x++, bits <<= 1)
		for (unsigned int i = 0; i < target.scale; i++)
			at = put_pixel(at,
				       bits & 0x80 ? foreground : background);
	return at;
}

static void draw(unsigned int row, unsigned int column, const u16 *cells,
		 unsigned int count)
{
	unsigned int height = FONT_HEIGHT * target.scale;
	volatile u8 *line = target.memory +
			    (size_t)row * height * target.pitch +
			    (size_t)column * FONT_WIDTH * target.scale *
				    (target.packed ? 3 : 4);

	for (unsigned int y = 0; y < height; y++, line += target.pitch) {
		volatile u8 *at = line;

		for (unsigned int i = 0; i < count; i++)
			at = draw_glyph_row(at, cells[i], y / target.scale);
	}
}

const struct screen_surface *
framebuffer_surface(const struct boot_framebuffer *fb, volatile void *memory)
{
	target.memory = memory;
	target.pitch = fb->pitch;
	target.width = fb->width;
	target.height = fb->height;
	target.packed = fb->bits_per_pixel == 24;
	target.scale = 1 + fb->height / LINES_PER_SCALE;
	for (unsigned int i = 0; i < ARRAY_SIZE(colours); i++)
		target.pixels[i] =
			in_channel(&fb->red, colours[i] >> 16 & 0xff) |
			in_channel(&fb->green, colours[i] >> 8 & 0xff) |
			in_channel(&fb->blue, colours[i] & 0xff);
	target.surface = (struct screen_surface){
		.columns = fb->width / (FONT_WIDTH * target.scale),
		.rows = fb->height / (FONT_HEIGHT * target.scale),
		.clear = clear,
		.draw = draw,
	};
	return &target.surface;
}
