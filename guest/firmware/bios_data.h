/* SPDX-License-Identifier: MIT */
/*
 * The data area of a PC's BIOS, at 40:0, and its extension (EBDA), the last KiB
 * below 640 KiB: kernels ask there for the size of low memory, for COM1 and the
 * text screen, and for tables.
 */
#ifndef GUEST_FIRMWARE_BIOS_DATA_H
#define GUEST_FIRMWARE_BIOS_DATA_H

#include "guest/memory.h"

void bios_data_write(struct guest_memory *gm);

#endif
