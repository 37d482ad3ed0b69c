/* SPDX-License-Identifier: MIT */
/*
 * The model's reference by itself: the right answers are written here by hand
 * from the tables of the SDM (vol. 3A, chapter 4).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/model/reference.h"

#define FRAMES 6
#define FLAGS (PTE_P | PTE_W | PTE_U)

static u8 ram[FRAMES * PAGE_SIZE] __attribute__((aligned(8)));
static struct reference ref;

static u8 *memory(void *ctx, gpa_t gpa)
{
	(void)ctx;
	return gpa < sizeof(ram) ? ram + gpa : NULL;
}

static void set_64(gpa_t gpa, u64 entry)
{
	memcpy(ram + gpa, &entry, sizeof(entry));
}

static void set_32(gpa_t gpa, u32 entry)
{
	memcpy(ram + gpa, &entry, sizeof(entry));
}

static int set_up(void **state)
{
	(void)state;
	memset(ram, 0, sizeof(ram));
	ref = (struct reference){ .cr0 = CR0_PE | CR0_PG | CR0_WP,
				  .maxphyaddr = 40,
				  .gigabyte_pages = true,
				  .memory = memory };
	return 0;
}

static void walk_translates(gva_t gva, gpa_t gpa, u8 shift)
{
	struct reference_walk w = reference_walk(&ref, gva, 0);

	assert_false(w.fault);
	assert_true(w.mapped);
	assert_int_equal(w.gpa, gpa);
	assert_int_equal(w.shift, shift);
}

static void walk_faults(gva_t gva, u32 kind, u32 error_code)
{
	struct reference_walk w = reference_walk(&ref, gva, kind);

	assert_true(w.fault);
	assert_int_equal(w.error_code, error_code);
}

/* Frame 1 is a page directory, frame 2 a page table. */
#define GVA_32 0x00c03456u /* PDE 3, PTE 3 */
#define PDE_32 (0x1000 + 3 * 4)
#define PTE_32 (0x2000 + 3 * 4)

static void paging_32bit(void **state)
{
	(void)state;
	assert_int_equal(reference_mode(&ref), MODE_32BIT);
	/* Bits 31:12 of CR3 count. */
	ref.cr3 = 0x700001fff;
	set_32(PDE_32, 0x2000 | FLAGS | PTE_PS);
	set_32(PTE_32, 0xabcde000 | FLAGS);
	/* PS is ignored without CR4.PSE, and so are XD and MAXPHYADDR. */
	ref.maxphyaddr = 32;
	walk_translates(GVA_32, 0xabcde456, 12);
	walk_translates(0xf00000000 | GVA_32, 0xabcde456, 12);
	walk_faults(GVA_32 + 0x1000, PFEC_I, 0);
	ref.efer = EFER_NXE;
	walk_faults(GVA_32 + 0x1000, PFEC_I, 0);
	ref.cr4 = CR4_SMEP;
	walk_faults(GVA_32 + 0x1000, PFEC_I, PFEC_I);
}

/* Table 4-4. */
static void pse_36(void **state)
{
	(void)state;
	ref.cr3 = 0x1000;
	ref.cr4 = CR4_PSE;
	set_32(PDE_32, 0x00c00000 | 0x5a << 13 | BIT(12) | FLAGS | PTE_PS);
	walk_translates(GVA_32, 0x5a00c03456, 22);
	for (int bit = 13; bit <= 21; bit++) {
		set_32(PDE_32, BIT(bit) | FLAGS | PTE_PS);
		if (bit == 21)
			walk_faults(GVA_32, 0, PFEC_P | PFEC_RSVD);
		else
			walk_translates(GVA_32, 0x3456 | BIT(bit + 19), 22);
		/* M is 36: bits 21:17 are reserved. */
		ref.maxphyaddr = 36;
		if (bit >= 17)
			walk_faults(GVA_32, PFEC_W,
				    PFEC_P | PFEC_RSVD | PFEC_W);
		else
			walk_translates(GVA_32, 0x3456 | BIT(bit + 19), 22);
		ref.maxphyaddr = 52; /* M is 40 */
		if (bit == 21)
			walk_faults(GVA_32, 0, PFEC_P | PFEC_RSVD);
		ref.maxphyaddr = 40;
	}
}

#define GVA_PAE 0x80603456u /* PDPTE 2, PDE 3, PTE 3 */
#define PDE_PAE (0x1000 + 3 * 8)
#define PTE_PAE (0x2000 + 3 * 8)

static void paging_pae(void **state)
{
	(void)state;
	ref.cr4 = CR4_PAE;
	assert_int_equal(reference_mode(&ref), MODE_PAE);
	walk_faults(GVA_PAE, PFEC_U, PFEC_U);
	/* The register counts; it has no rights. */
	ref.pdpte[2] = 0x1001;
	set_64(PDE_PAE, 0x2000 | FLAGS);
	set_64(PTE_PAE, 0xab12345000 | FLAGS);
	walk_translates(GVA_PAE, 0xab12345456, 12);
	walk_translates(0xf00000000 | GVA_PAE, 0xab12345456, 12);
	assert_int_equal(reference_walk(&ref, GVA_PAE, 0).depth, 2);
	for (int bit = 40; bit <= 63; bit++) {
		set_64(PTE_PAE, BIT(bit) | FLAGS);
		walk_faults(GVA_PAE, PFEC_I, PFEC_P | PFEC_RSVD);
	}
	ref.efer = EFER_NXE;
	walk_faults(GVA_PAE, PFEC_I, PFEC_P | PFEC_I);
	set_64(PDE_PAE, 0xab00200000 | BIT(12) | FLAGS | PTE_PS);
	walk_translates(GVA_PAE, 0xab00203456, 21);
	for (int bit = 13; bit <= 20; bit++) {
		set_64(PDE_PAE, BIT(bit) | FLAGS | PTE_PS);
		walk_faults(GVA_PAE, 0, PFEC_P | PFEC_RSVD);
	}
}

/* Table 4-8. */
static void pdptes(void **state)
{
	const u64 reserved = BITS(2, 1) | BITS(8, 5) | BITS(63, 40);
	u64 loaded[4];

	(void)state;
	ref.cr4 = CR4_PAE;
	ref.cr3 = 0x1020 | 0x18; /* bits 31:5 count */
	for (int bit = 0; bit < 64; bit++) {
		set_64(0x1020 + 3 * 8, BIT(bit) | 1);
		assert_int_equal(reference_read_pdptes(&ref, loaded),
				 !(reserved & BIT(bit)));
		set_64(0x1020 + 3 * 8, BIT(bit) & ~1ULL);
		assert_true(reference_read_pdptes(&ref, loaded));
		assert_int_equal(loaded[3], BIT(bit) & ~1ULL);
	}
	ref.cr3 = sizeof(ram);
	assert_false(reference_read_pdptes(&ref, loaded));
}

#define GVA_64 0x8080604123ULL /* indices 1, 2, 3, 4 */

static void paging_4level(void **state)
{
	(void)state;
	ref.cr4 = CR4_PAE;
	ref.efer = EFER_LMA;
	ref.cr3 = 0x1000;
	assert_int_equal(reference_mode(&ref), MODE_4LEVEL);
	set_64(0x1008, 0x2000 | FLAGS);
	set_64(0x2010, 0x3000 | FLAGS);
	set_64(0x3018, 0x4000 | FLAGS | BITS(62, 52));
	set_64(0x4020, 0xab12345000 | FLAGS);
	walk_translates(GVA_64, 0xab12345123, 12);
	set_64(0x3018, 0x4000 | FLAGS | PTE_NX);
	walk_faults(GVA_64, 0, PFEC_P | PFEC_RSVD);
	set_64(0x3018, 0xab00200000 | FLAGS | PTE_PS);
	walk_translates(GVA_64, 0xab00204123, 21);
	set_64(0x2010, 0xab40000000 | FLAGS | PTE_PS);
	walk_translates(GVA_64, 0xab40604123, 30);
	set_64(0x2010, 0xab60000000 | FLAGS | PTE_PS);
	walk_faults(GVA_64, 0, PFEC_P | PFEC_RSVD);
	set_64(0x2010, FLAGS | PTE_PS);
	ref.gigabyte_pages = false;
	walk_faults(GVA_64, 0, PFEC_P | PFEC_RSVD);
	/* From the top down, and P before the rest. */
	set_64(0x1008, 0x2000 | FLAGS | PTE_PS);
	walk_faults(GVA_64, PFEC_U, PFEC_P | PFEC_RSVD | PFEC_U);
	set_64(0x1008, ~1ULL);
	walk_faults(GVA_64, PFEC_U, PFEC_U);
}

/* 4.6.1: the accesses that a page with the rights W, U, X permits. */
static void rights(void **state)
{
	static const struct {
		const char *page; /* rights that it has */
		u32 kind;
		/* With these flags set in CR0 and CR4; NXE is. */
		u64 cr0, cr4;
		bool permitted;
	} cases[] = {
		{ "wx", 0, CR0_WP, 0, true },
		{ "wx", PFEC_U, CR0_WP, 0, false },
		{ "wx", PFEC_U | PFEC_W, 0, 0, false },
		{ "wx", PFEC_U | PFEC_I, 0, 0, false },
		{ "u", PFEC_U, CR0_WP, CR4_SMEP | CR4_SMAP, true },
		{ "u", PFEC_U | PFEC_W, 0, 0, false },
		{ "u", PFEC_U | PFEC_I, 0, 0, false },
		{ "ux", PFEC_U | PFEC_I, 0, CR4_SMEP | CR4_SMAP, true },
		{ "uw", PFEC_U | PFEC_W, 0, CR4_SMEP | CR4_SMAP, true },
		{ "x", PFEC_W, CR0_WP, 0, false },
		{ "x", PFEC_W, 0, 0, true },
		{ "x", PFEC_W, 0, CR4_SMAP, true },
		{ "", PFEC_I, 0, 0, false },
		{ "x", PFEC_I, 0, CR4_SMEP, true },
		{ "ux", PFEC_I, 0, CR4_SMAP, true },
		{ "ux", PFEC_I, 0, CR4_SMEP, false },
		{ "u", PFEC_I, 0, 0, false },
		{ "uw", 0, CR0_WP, CR4_SMEP, true },
		{ "uw", 0, CR0_WP, CR4_SMAP, false },
		{ "uw", KIND_AC, CR0_WP, CR4_SMAP, true },
		{ "uw", PFEC_W, 0, CR4_SMAP, false },
		{ "uw", PFEC_W | KIND_AC, CR0_WP, CR4_SMAP, true },
		{ "u", PFEC_W | KIND_AC, CR0_WP, CR4_SMAP, false },
		{ "u", PFEC_W | KIND_AC, 0, CR4_SMAP, true },
		{ "u", PFEC_W, 0, 0, true },
	};

	(void)state;
	ref.efer = EFER_LMA | EFER_NXE;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *page = cases[i].page;
		struct reference_walk w = { .w = strchr(page, 'w'),
					    .u = strchr(page, 'u'),
					    .x = strchr(page, 'x') };

		ref.cr0 = CR0_PG | cases[i].cr0;
		ref.cr4 = CR4_PAE | cases[i].cr4;
		if (reference_permits(&ref, &w, cases[i].kind) !=
		    cases[i].permitted)
			fail_msg("case %zu: page %s, kind %#x", i, page,
				 cases[i].kind);
	}
}

static void flags(void **state)
{
	struct reference_walk w;

	(void)state;
	ref.cr3 = 0x1000;
	set_32(PDE_32, 0x2000 | FLAGS);
	set_32(PTE_32, 0x3000 | FLAGS);
	w = reference_walk(&ref, GVA_32, 0);
	assert_false(w.accessed || w.dirty);
	assert_int_equal(reference_set_flags(&ref, &w, 0), 3);
	assert_int_equal(reference_set_flags(&ref, &w, 0), 0);
	assert_int_equal(reference_set_flags(&ref, &w, PFEC_W), 2);
	assert_int_equal(reference_entry(&ref, PDE_32), 0x2000 | FLAGS | PTE_A);
	assert_int_equal(reference_entry(&ref, PTE_32),
			 0x3000 | FLAGS | PTE_A | PTE_D);
	w = reference_walk(&ref, GVA_32, 0);
	assert_true(w.accessed && w.dirty);
}

/* Where there is no RAM, tables read as ones. */
static void outside_ram(void **state)
{
	(void)state;
	ref.cr3 = sizeof(ram);
	walk_translates(GVA_32, 0xfffff456, 12);
	ref.cr4 = CR4_PSE;
	walk_faults(GVA_32, 0, PFEC_P | PFEC_RSVD);
	ref.cr4 = CR4_PAE;
	ref.efer = EFER_LMA;
	walk_faults(GVA_64, PFEC_W, PFEC_P | PFEC_RSVD | PFEC_W);
	ref.cr0 = 0;
	walk_translates(0x1234567890, 0x34567890, 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(paging_32bit, set_up),
		cmocka_unit_test_setup(pse_36, set_up),
		cmocka_unit_test_setup(paging_pae, set_up),
		cmocka_unit_test_setup(pdptes, set_up),
		cmocka_unit_test_setup(paging_4level, set_up),
		cmocka_unit_test_setup(rights, set_up),
		cmocka_unit_test_setup(flags, set_up),
		cmocka_unit_test_setup(outside_ram, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
