/* SPDX-License-Identifier: MIT */
/* The BIOS data area: see firmware.h. All bytes outside of the table are 0. */
#include "guest/firmware/firmware.h"

#define BIOS_DATA_GPA 0x400

static const struct {
	u8 offset; /* in the data area, as every PC since 1987 has it */
	u16 value;
} words[] = {
	{ 0x00, 0x3f8 }, /* the port of COM1 */
	{ 0x0e, GUEST_BASE_RAM_END >> 4 }, /* the EBDA's segment */
	/* x87, pointing device, 80 by 25 in colour, one serial port */
	{ 0x10, 0x0226 },
	{ 0x13, GUEST_BASE_RAM_END / KIB }, /* low memory, in KiB */
	{ 0x49, 3 }, /* the video mode: text */
	{ 0x4a, 80 }, /* columns */
	{ 0x4c, PAGE_SIZE }, /* bytes of the text screen's page */
	{ 0x63, 0x3d4 }, /* the port of the CRT controller */
	{ 0x84, 25 - 1 }, /* the last row */
	{ 0x85, 16 }, /* the height of a character */
};

void bios_data_write(struct guest_memory *gm)
{
	const u8 ebda_kib = (GUEST_EBDA_END - GUEST_BASE_RAM_END) / KIB;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		guest_memory_write(gm, BIOS_DATA_GPA + words[i].offset,
				   &words[i].value, sizeof(words[i].value));
	guest_memory_write(gm, GUEST_BASE_RAM_END, &ebda_kib, sizeof(ebda_kib));
}
