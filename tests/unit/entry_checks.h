/* SPDX-License-Identifier: MIT */
/*
 * The checks that the manual lists for a VM entry (SDM vol. 3C, 26.2.1 to
 * 26.3.1.6, and 26.4 for the areas that Umbra has), one by one in its order.
 * The list is written from the manual, without the doctor's tables.
 */
#ifndef TESTS_UNIT_ENTRY_CHECKS_H
#define TESTS_UNIT_ENTRY_CHECKS_H

#include "vmx/doctor/doctor.h"

/* The good VMCS's controls; bits 1, 1, 29, 0 and 0 of them must be 1. */
#define GOOD_PIN 0x2bULL
#define GOOD_CPU 0x91198c82ULL
#define GOOD_CPU2 0x20000008ULL
#define GOOD_EXIT 0x200205ULL
#define GOOD_ENTRY 0x8205ULL

/* Physical memory, for the checks that look at it. */
#define VMCS_HPA 0x5000
#define LINKED_HPA 0x6000 /* begins with the revision */
#define SHADOW_HPA 0x7000 /* the same with bit 31 */
#define FOREIGN_HPA 0x8000 /* another revision */
#define PDPTES_LOW_RESERVED_HPA 0x9000
#define PDPTES_HIGH_RESERVED_HPA 0x9020
#define PDPTES_BEYOND_HPA 0x9040
#define AREA_FS_BASE_HPA 0x9060
#define AREA_GS_BASE_HPA 0x9070
#define AREA_RESERVED_HPA 0x9080
#define PDPTES_GOOD_HPA 0xa000
#define REVISION 0x12

struct check_write {
	enum vmcs_field field; /* 0: none */
	u64 value;
};

struct entry_check {
	const char *section;
	const char *text; /* the demand */
	enum vmcs_field field; /* the field that the manual checks */
	/* Bit n set: also the field 2 * n after it; the writes move with it. */
	u8 registers;
	enum doctor_guest guest;
	/* Writes to the good VMCS of the guest that break this check alone. */
	struct check_write writes[6];
	/*
	 * Without writes, the reason why the check can't fail: a control that
	 * Umbra never sets, one that it always sets, or a feature (bits of
	 * CPUID leaf 7) that it hides from guests.
	 */
	enum control_set set;
	const char *never, *always;
	u32 hidden_ebx, hidden_ecx;
};

extern const struct entry_check entry_checks[], entry_checks_guest[];
extern const size_t entry_check_count, entry_check_guest_count;

#endif
