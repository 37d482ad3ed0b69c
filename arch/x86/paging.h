/* SPDX-License-Identifier: MIT */
/*
 * Umbra's own address space. Its low half stays unmapped, so that a stray
 * pointer, or a guest's, faults:
 *
 *   0xffff800000000000  direct map: all physical memory, RW, never executable
 *   0xffffc00000000000  devices: the same addresses, page by page, uncached,
 *                       except the framebuffer, which is write-combining
 *   0xffffffff80000000  the image: text RX, constants R, data RW, and below
 *                       each stack a page that is not there
 *
 * The image's own frames are left out of the direct map: W^X would be worth
 * nothing if the text had a writable alias. The framebuffer is left out, too:
 * one address must not have two memory types (SDM vol. 3A, 11.12.4).
 */
#ifndef ARCH_X86_PAGING_H
#define ARCH_X86_PAGING_H

#include "lib/types.h"

#define DIRECT_MAP_BASE 0xffff800000000000ULL
#define DEVICE_MAP_BASE 0xffffc00000000000ULL
#define IMAGE_BASE 0xffffffff80000000ULL /* linker.ld and entry.asm agree */

/*
 * The host-physical address of the image's first byte; entry.asm finds it out.
 */
extern hpa_t image_load_base;

/* The direct map's address of host-physical address `hpa`. */
static inline void *phys_to_virt(hpa_t hpa)
{
	return (void *)(DIRECT_MAP_BASE + hpa);
}

/* The inverse; also takes the address of anything in the image or a stack. */
static inline hpa_t virt_to_phys(const volatile void *virt)
{
	u64 address = (u64)virt;

	if (address >= IMAGE_BASE)
		return address - IMAGE_BASE + image_load_base;
	return address - DIRECT_MAP_BASE;
}

struct boot_info;

/*
 * Builds the final tables in frames of frames_alloc and switches to them. Until
 * then the tables of entry.asm are in use, which map the first 4 GiB, at all
 * three places. A framebuffer at [fb_start, fb_end), whole pages, is mapped
 * write-combining at DEVICE_MAP_BASE + its address; fb_start == fb_end: none.
 * Panics when there is no memory for the tables.
 */
void paging_init(const struct boot_info *info, hpa_t fb_start, hpa_t fb_end);

/*
 * Returns true if the addresses of all @size bytes are within the processor's
 * MAXPHYADDR (an entry with a higher one has a reserved bit set) and within the
 * maps' room.
 */
bool paging_reaches(hpa_t hpa, u64 size);

/*
 * Makes @size bytes of the firmware's tables readable and returns their
 * address. Returns NULL if they are out of reach, or in the image or the
 * framebuffer. Panics when there is no memory for page tables.
 */
const void *paging_map_tables(hpa_t hpa, size_t size);

/*
 * Maps the device registers at [hpa, hpa + size) uncached, for good, and
 * returns their address; NULL if they are out of reach. Panics when there is no
 * memory for page tables.
 */
volatile void *paging_map_device(hpa_t hpa, size_t size);

#endif
