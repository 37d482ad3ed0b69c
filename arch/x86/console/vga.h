/* SPDX-License-Identifier: MIT */
/* The VGA's text screen as a surface. */
#ifndef ARCH_X86_CONSOLE_VGA_H
#define ARCH_X86_CONSOLE_VGA_H

struct screen_surface;

/* 80 by 25 cells at B8000h; the VGA must be in its text mode. */
extern const struct screen_surface vga_surface;

#endif
