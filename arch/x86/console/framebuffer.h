/* SPDX-License-Identifier: MIT */
/* A framebuffer of 24 or 32 bits a pixel as a surface for the screen. */
#ifndef ARCH_X86_CONSOLE_FRAMEBUFFER_H
#define ARCH_X86_CONSOLE_FRAMEBUFFER_H

#include "lib/types.h"

struct boot_framebuffer;
struct screen_surface;

/*
 * Returns NULL if Umbra can draw on the framebuffer, else the reason in words.
 * All pixels of a good one lie within pitch * height bytes.
 */
const char *framebuffer_fault(const struct boot_framebuffer *fb);

/*
 * Gives the pages that hold the framebuffer; an empty range if Umbra can't draw
 * on it.
 */
void framebuffer_range(const struct boot_framebuffer *fb, hpa_t *start,
		       hpa_t *end);

/*
 * Returns a surface that draws to `memory`, where the good framebuffer fb is
 * mapped. There is only one, which a later call changes.
 */
const struct screen_surface *
framebuffer_surface(const struct boot_framebuffer *fb, volatile void *memory);

#endif
