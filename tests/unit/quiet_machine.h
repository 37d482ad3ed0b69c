/* SPDX-License-Identifier: MIT */
/* A machine without anything around the devices, for a devices_config. */
#ifndef TESTS_UNIT_QUIET_MACHINE_H
#define TESTS_UNIT_QUIET_MACHINE_H

#include "lib/types.h"

static inline void no_console(void *ctx, u8 byte)
{
}

static inline bool no_rtc(u8 index, u8 *value)
{
	return false;
}

/* A tick is a nanosecond. */
static inline u64 tsc_as_ns(void *ctx, u64 tsc)
{
	return tsc;
}

#endif
