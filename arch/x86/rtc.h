/* SPDX-License-Identifier: MIT */
/* The machine's real-time clock, an MC146818 and its CMOS memory. */
#ifndef ARCH_X86_RTC_H
#define ARCH_X86_RTC_H

#include "lib/types.h"

#define RTC_REGISTERS 128

/*
 * Reads register `index` (0 to 127) in the clock's own format (BCD or binary,
 * see register B). Returns false, and leaves *value unchanged, if there is no
 * such register or no clock (the port reads as ones).
 */
bool rtc_read_register(u8 index, u8 *value);

#endif
