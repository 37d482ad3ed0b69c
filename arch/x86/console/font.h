/* SPDX-License-Identifier: MIT */
/*
 * The font of the framebuffer console: the printable ASCII characters, and one
 * glyph for all others. The glyphs are not in this tree; tools/font.py makes
 * them from a package of Debian's when Umbra is built.
 */
#ifndef ARCH_X86_CONSOLE_FONT_H
#define ARCH_X86_CONSOLE_FONT_H

#include "lib/types.h"

#define FONT_WIDTH 8
#define FONT_HEIGHT 16
#define FONT_FIRST 0x20
#define FONT_OTHER 0x7f
#define FONT_GLYPHS (FONT_OTHER - FONT_FIRST + 1)

/* A byte for each row, bit 7 on the left. */
extern const u8 font_glyphs[FONT_GLYPHS][FONT_HEIGHT];

#endif
