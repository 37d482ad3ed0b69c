/* SPDX-License-Identifier: MIT */
/*
 * The tables of segments and of interrupt handlers as the processor reads them
 * in 64-bit mode. The built-in guests use these declarations, too.
 */
#ifndef ARCH_X86_DESCRIPTORS_H
#define ARCH_X86_DESCRIPTORS_H

#include "lib/types.h"

/* Flat segments, present, DPL 0, accessed (SDM vol. 3A, 3.4.5). */
#define DESCRIPTOR_CODE64 0x00af9b000000ffffULL
#define DESCRIPTOR_CODE32 0x00cf9b000000ffffULL
#define DESCRIPTOR_DATA 0x00cf93000000ffffULL
#define DESCRIPTOR_TSS 0x0000890000000000ULL /* 64-bit, available */

/* The operand of LGDT, LIDT, SGDT and SIDT. */
struct table_register {
	u16 limit;
	u64 base;
} __packed;

/* SDM vol. 3A, 7.7. */
struct tss {
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7]; /* IST 1 to 7 */
	u64 reserved2;
	u16 reserved3;
	u16 io_map_base;
} __packed;

/*
 * The two halves of the descriptor of *tss: the base is spread over bits 39:16,
 * 63:56 and 95:64 (SDM vol. 3A, 7.2.3).
 */
static inline void tss_describe(u64 descriptor[2], const struct tss *tss)
{
	u64 base = (u64)tss;

	descriptor[0] = DESCRIPTOR_TSS | (sizeof(*tss) - 1) |
			(base & BITS(23, 0)) << 16 |
			(base & BITS(31, 24)) << 32;
	descriptor[1] = base >> 32;
}

/* An interrupt gate, SDM vol. 3A, 6.14.1. */
struct gate {
	u16 offset_low;
	u16 selector;
	u8 ist;
	u8 type;
	u16 offset_middle;
	u32 offset_high;
	u32 reserved;
};

#define GATE_INTERRUPT 0x8e /* present, ring 0, clears RFLAGS.IF */
#define GATE_DPL_3 0x60

/* Returns a gate to @handler; @type: GATE_... */
static inline struct gate gate_to(u64 handler, u16 selector, u8 type)
{
	return (struct gate){ .offset_low = (u16)handler,
			      .selector = selector,
			      .type = type,
			      .offset_middle = (u16)(handler >> 16),
			      .offset_high = (u32)(handler >> 32) };
}

#endif
