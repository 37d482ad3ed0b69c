/* SPDX-License-Identifier: MIT */
/* bzImage parsing and loading, on an image made up here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <asm/bootparam.h>

#include "guest/linux.h"

#define RAM (32 * MIB)
#define SETUP_SECTS 3
#define SETUP_SIZE ((SETUP_SECTS + 1) * 512)
#define KERNEL_SIZE 0x4000
#define IMAGE_SIZE (SETUP_SIZE + KERNEL_SIZE)

static u8 *ram;
static u64 table[RAM / PAGE_SIZE];
static u8 file[IMAGE_SIZE];
static struct setup_header *const header = (void *)(file + 0x1f1);

static bool claim(hfn_t hfn)
{
	return hfn < RAM >> PAGE_SHIFT;
}

static hfn_t claim_any(void)
{
	return P2M_NONE;
}

static void *alloc(size_t pages)
{
	return table;
}

static void *map(hfn_t hfn)
{
	return ram + (hfn << PAGE_SHIFT);
}

static const struct guest_memory_ops ops = { claim, claim_any, alloc, map };

static int setup(void **state)
{
	ram = calloc(1, RAM);
	for (size_t i = 0; i < sizeof(file); i++)
		file[i] = i * 7;
	memset(header, 0, sizeof(*header));
	header->setup_sects = SETUP_SECTS;
	header->syssize = KERNEL_SIZE / 16;
	header->boot_flag = 0xaa55;
	header->jump = (0x268 - 0x202) << 8 | 0xeb;
	header->header = 0x53726448;
	header->version = 0x20f;
	header->xloadflags = XLF_KERNEL_64;
	header->initrd_addr_max = 0x7fffffff;
	header->cmdline_size = 255;
	header->pref_address = 16 * MIB;
	header->init_size = 8 * MIB;
	header->kernel_alignment = 2 * MIB;
	return 0;
}

static int teardown(void **state)
{
	free(ram);
	return 0;
}

static enum linux_status parse(size_t size)
{
	struct linux_image image;
	/* An exact copy, so that the sanitizer sees a read past its end. */
	void *copy = malloc(size ? size : 1);
	enum linux_status status;

	memcpy(copy, file, size);
	status = linux_parse(copy, size, &image);
	free(copy);
	return status;
}

static void refusals(void **state)
{
	assert_int_equal(parse(IMAGE_SIZE), LINUX_OK);
	assert_int_equal(parse(0), LINUX_NOT_A_KERNEL);
	assert_int_equal(parse(512), LINUX_NOT_A_KERNEL);
	for (size_t size = 0x264; size < IMAGE_SIZE; size += 61)
		assert_int_equal(parse(size), LINUX_TRUNCATED);
	assert_int_equal(parse(IMAGE_SIZE - 1), LINUX_TRUNCATED);

	header->xloadflags = 0;
	assert_int_equal(parse(IMAGE_SIZE), LINUX_NO_64BIT_ENTRY);
	header->version = 0x20b;
	assert_int_equal(parse(IMAGE_SIZE), LINUX_TOO_OLD);
	header->header = 0x464c457f; /* an ELF file */
	assert_int_equal(parse(IMAGE_SIZE), LINUX_NOT_A_KERNEL);
}

static void absurd_fields(void **state)
{
	header->setup_sects = 0xff;
	assert_int_equal(parse(IMAGE_SIZE), LINUX_TRUNCATED);
	header->setup_sects = SETUP_SECTS;
	header->syssize = 0xffffffff;
	assert_int_equal(parse(IMAGE_SIZE), LINUX_TRUNCATED);
	header->syssize = 0;
	assert_int_equal(parse(IMAGE_SIZE), LINUX_NOT_A_KERNEL);
	header->syssize = KERNEL_SIZE / 16;
	header->init_size = KERNEL_SIZE - 1;
	assert_int_equal(parse(IMAGE_SIZE), LINUX_NOT_A_KERNEL);
	header->init_size = 8 * MIB;
	header->jump = 0x00eb;
	assert_int_equal(parse(IMAGE_SIZE), LINUX_NOT_A_KERNEL);
	/* A header as long as can be must not run into the e820 table. */
	header->jump = 0xffeb;
	assert_int_equal(parse(IMAGE_SIZE), LINUX_OK);
}

static void load(void **state)
{
	struct guest_memory gm;
	struct linux_image image;
	struct linux_entry entry;
	struct boot_params *params;
	u8 initrd[5000];
	u64 pte;

	memset(initrd, 0x5a, sizeof(initrd));
	assert_int_equal(guest_memory_init(&gm, &ops, RAM), GUEST_MEMORY_OK);
	assert_int_equal(linux_parse(file, IMAGE_SIZE, &image), LINUX_OK);
	assert_int_equal(linux_load(&gm, &image, initrd, sizeof(initrd),
				    "console=ttyS0", &entry),
			 LINUX_OK);

	assert_int_equal(entry.rip, 16 * MIB + 0x200);
	assert_memory_equal(ram + 16 * MIB, file + SETUP_SIZE, KERNEL_SIZE);
	params = (void *)(ram + entry.rsi);
	assert_int_equal(params->hdr.header, 0x53726448);
	assert_int_equal(params->hdr.type_of_loader, 0xff);
	assert_int_equal(params->hdr.init_size, 8 * MIB);
	assert_int_equal(params->sentinel, 0);
	assert_string_equal((char *)ram + params->hdr.cmd_line_ptr,
			    "console=ttyS0");
	assert_int_equal(params->hdr.ramdisk_size, sizeof(initrd));
	assert_int_equal(params->hdr.ramdisk_image, RAM - 2 * PAGE_SIZE);
	assert_memory_equal(ram + params->hdr.ramdisk_image, initrd,
			    sizeof(initrd));
	assert_int_equal(params->e820_entries, 3);
	assert_int_equal(params->e820_table[2].addr, MIB);
	assert_int_equal(params->e820_table[2].size, RAM - MIB);

	/* The last large page of the identity map. */
	memcpy(&pte, ram + entry.cr3, 8);
	memcpy(&pte, ram + (pte & PAGE_MASK) + 3 * 8, 8);
	memcpy(&pte, ram + (pte & PAGE_MASK) + 511 * 8, 8);
	assert_true(pte == (4 * GIB - 2 * MIB + 0x83));

	memcpy(&pte, ram + entry.gdt_base + entry.cs, 8);
	assert_true(pte == 0x00af9b000000ffffULL);
	assert_int_equal(entry.gdt_limit, entry.ds + 7);
}

static void load_refusals(void **state)
{
	struct guest_memory gm;
	struct linux_image image;
	struct linux_entry entry;
	char cmdline[300];

	assert_int_equal(guest_memory_init(&gm, &ops, RAM), GUEST_MEMORY_OK);
	assert_int_equal(linux_parse(file, IMAGE_SIZE, &image), LINUX_OK);

	/* 8 MiB are left above the kernel; it must not be read if too large. */
	assert_int_equal(linux_load(&gm, &image, NULL, 8 * MIB + 1, "", &entry),
			 LINUX_INITRD_TOO_LARGE);
	assert_int_equal(linux_load(&gm, &image, NULL, ~0ULL, "", &entry),
			 LINUX_INITRD_TOO_LARGE);
	memset(cmdline, 'a', sizeof(cmdline));
	cmdline[256] = '\0';
	assert_int_equal(linux_load(&gm, &image, NULL, 0, cmdline, &entry),
			 LINUX_CMDLINE_TOO_LONG);
	cmdline[255] = '\0';
	assert_int_equal(linux_load(&gm, &image, NULL, 0, cmdline, &entry),
			 LINUX_OK);
	image.init_size = 17 * MIB;
	assert_int_equal(linux_load(&gm, &image, NULL, 0, "", &entry),
			 LINUX_MEMORY_TOO_SMALL);
	image.pref_address = ~0ULL - MIB;
	assert_int_equal(linux_load(&gm, &image, NULL, 0, "", &entry),
			 LINUX_MEMORY_TOO_SMALL);
	image.pref_address = 0;
	assert_int_equal(linux_load(&gm, &image, NULL, 0, "", &entry),
			 LINUX_MEMORY_TOO_SMALL);
	for (int i = LINUX_OK; i <= LINUX_CMDLINE_TOO_LONG; i++)
		assert_non_null(linux_status_text(i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(absurd_fields, setup, teardown),
		cmocka_unit_test_setup_teardown(load, setup, teardown),
		cmocka_unit_test_setup_teardown(load_refusals, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
