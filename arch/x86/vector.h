/* SPDX-License-Identifier: MIT */
/*
 * XMM and YMM registers by their number, 0 to 15. The caller makes sure that
 * the processor has them, for YMM and VEX also that XCR0 has them enabled.
 */
#ifndef ARCH_X86_VECTOR_H
#define ARCH_X86_VECTOR_H

#include "lib/types.h"

void vector_read16(unsigned int number, void *buf);
void vector_read32(unsigned int number, void *buf);
/* Keeps the bytes above the 16 as they are. */
void vector_write16(unsigned int number, const void *buf);
/* Clears the bytes above the 16. */
void vector_write16_vex(unsigned int number, const void *buf);
void vector_write32(unsigned int number, const void *buf);

#endif
