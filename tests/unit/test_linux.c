/* SPDX-License-Identifier: MIT */
/* bzImage parsing and loading, on an image made up here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <asm/bootparam.h>

#include "guest/loaders/loader.h"
#include "tests/unit/fault_text.h"
#include "tests/unit/guest_ram.h"

#define RAM (32 * MIB)
#define SETUP_SECTS 3
#define SETUP_SIZE ((SETUP_SECTS + 1) * 512)
#define KERNEL_SIZE 0x4000
#define IMAGE_SIZE (SETUP_SIZE + KERNEL_SIZE)

static u8 file[IMAGE_SIZE];
static struct setup_header *const header = (void *)(file + 0x1f1);

static struct guest_memory gm;
static struct guest_entry entry;
static struct load_request request;

static int setup(void **state)
{
	guest_ram_make(&gm, RAM);
	request = (struct load_request){ .cmdline = "" };
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
	guest_ram_free();
	return 0;
}

static const char *load(size_t size)
{
	/* An exact copy, so that the sanitizer sees a read past its end. */
	u8 *copy = malloc(size ? size : 1);
	const char *status;

	memcpy(copy, file, size);
	request.kernel = copy;
	request.kernel_size = size;
	status = guest_load(&gm, &request, &entry);
	free(copy);
	return status;
}

static void refusals(void **state)
{
	assert_fault(load(IMAGE_SIZE), LOAD_OK);
	assert_fault(load(0), LOAD_UNKNOWN_KIND);
	assert_fault(load(512), LOAD_UNKNOWN_KIND);
	for (size_t size = 0x264; size <= IMAGE_SIZE - 16; size += 61)
		assert_fault(load(size), LOAD_TRUNCATED);
	assert_fault(load(IMAGE_SIZE - 16), LOAD_TRUNCATED);

	header->header = 0x464c457f; /* an ELF file */
	assert_fault(load(IMAGE_SIZE), LOAD_UNKNOWN_KIND);
	header->header = 0x53726448;
	header->boot_flag = 0;
	assert_fault(load(IMAGE_SIZE), LOAD_UNKNOWN_KIND);
}

/* Linux 2.6.30, iPXE, memdisk (which names no size). */
static void old_protocols(void **state)
{
	static const u16 versions[] = { 0x209, 0x207, 0x203 };
	const char *text = LOAD_LINUX_TOO_OLD;

	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		header->version = versions[i];
		header->syssize = versions[i] == 0x203 ? 0 : KERNEL_SIZE / 16;
		assert_fault(load(IMAGE_SIZE), LOAD_LINUX_TOO_OLD);
	}
	assert_non_null(strstr(text, "2.6.31"));
	assert_non_null(strstr(text, "iPXE and memdisk"));
	assert_non_null(strstr(text, "BIOS"));
}

static void absurd_fields(void **state)
{
	header->setup_sects = 0xff;
	assert_fault(load(IMAGE_SIZE), LOAD_TRUNCATED);
	header->setup_sects = SETUP_SECTS;
	header->syssize = 0xffffffff;
	assert_fault(load(IMAGE_SIZE), LOAD_TRUNCATED);
	header->syssize = 0;
	assert_fault(load(IMAGE_SIZE), LOAD_BAD_HEADER);
	header->syssize = KERNEL_SIZE / 16;
	header->init_size = KERNEL_SIZE - 1;
	assert_fault(load(IMAGE_SIZE), LOAD_BAD_HEADER);
	header->init_size = 8 * MIB;
	header->jump = 0x00eb;
	assert_fault(load(IMAGE_SIZE), LOAD_BAD_HEADER);
	/* The longest possible header must not overwrite the e820 table. */
	header->jump = 0xffeb;
	assert_fault(load(IMAGE_SIZE), LOAD_OK);
}

/* The part that both entries share: the kernel, and struct boot_params. */
static struct boot_params *loaded_params(void)
{
	struct boot_params *params = (void *)(guest_ram + entry.rsi);

	assert_memory_equal(guest_ram + 16 * MIB, file + SETUP_SIZE,
			    KERNEL_SIZE);
	assert_int_equal(params->hdr.header, 0x53726448);
	assert_int_equal(params->hdr.type_of_loader, 0xff);
	assert_int_equal(params->hdr.init_size, 8 * MIB);
	assert_int_equal(params->sentinel, 0);
	assert_int_equal(params->screen_info.orig_video_isVGA, 1);
	assert_int_equal(params->screen_info.orig_video_cols, 80);
	assert_int_equal(params->screen_info.orig_video_lines, 25);
	assert_int_equal(params->e820_entries, 3);
	assert_int_equal(params->e820_table[2].addr, MIB);
	assert_int_equal(params->e820_table[2].size, RAM - MIB);
	assert_int_equal(entry.gdt_limit, entry.ds + 7);
	return params;
}

static u64 code_descriptor(void)
{
	u64 descriptor;

	memcpy(&descriptor, guest_ram + entry.gdt_base + entry.cs, 8);
	return descriptor;
}

static void entry_64(void **state)
{
	struct boot_params *params;
	u8 initrd[5001];
	const struct load_module modules[] = {
		{ initrd, sizeof(initrd), "" },
		{ "more", 4, "" },
	};
	u64 pte;

	memset(initrd, 0x5a, sizeof(initrd));
	request.modules = modules;
	request.module_count = 2;
	request.cmdline = "console=ttyS0";
	request.rsdp = 0xf0000;
	assert_fault(load(IMAGE_SIZE), LOAD_OK);

	assert_true(entry.long_mode);
	assert_int_equal(entry.rip, 16 * MIB + 0x200);
	params = loaded_params();
	assert_string_equal((char *)guest_ram + params->hdr.cmd_line_ptr,
			    "console=ttyS0");
	/* The second file begins on a multiple of four. */
	assert_int_equal(params->hdr.ramdisk_size, 5004 + 4);
	assert_int_equal(params->hdr.ramdisk_image, RAM - 2 * PAGE_SIZE);
	assert_memory_equal(guest_ram + params->hdr.ramdisk_image, initrd,
			    sizeof(initrd));
	assert_memory_equal(guest_ram + params->hdr.ramdisk_image + 5001,
			    "\0\0\0more", 7);
	assert_int_equal(params->acpi_rsdp_addr, 0xf0000);

	/* The last large page of the identity map. */
	memcpy(&pte, guest_ram + entry.cr3, 8);
	memcpy(&pte, guest_ram + (pte & PAGE_MASK) + 3 * 8, 8);
	memcpy(&pte, guest_ram + (pte & PAGE_MASK) + 511 * 8, 8);
	assert_true(pte == (4 * GIB - 2 * MIB + 0x83));
	assert_true(code_descriptor() == 0x00af9b000000ffffULL);
}

static void entry_32(void **state)
{
	header->xloadflags = 0;
	assert_fault(load(IMAGE_SIZE), LOAD_OK);
	assert_false(entry.long_mode);
	assert_int_equal(entry.rip, 16 * MIB);
	loaded_params();
	/* The protocol wants selectors 10h and 18h, and EBX = 0. */
	assert_int_equal(entry.cs, 0x10);
	assert_int_equal(entry.ds, 0x18);
	assert_int_equal(entry.rbx, 0);
	assert_true(code_descriptor() == 0x00cf9b000000ffffULL);
}

/* Without xloadflags the bytes in their place have no meaning. */
static void before_xloadflags(void **state)
{
	header->version = 0x20b;
	assert_fault(load(IMAGE_SIZE), LOAD_OK);
	assert_false(entry.long_mode);
}

/* syssize counts units of 16 bytes; the file need not fill the last one. */
static void last_unit(void **state)
{
	assert_fault(load(IMAGE_SIZE - 15), LOAD_OK);
	assert_memory_equal(guest_ram + 16 * MIB, file + SETUP_SIZE,
			    KERNEL_SIZE - 15);
	assert_int_equal(guest_ram[16 * MIB + KERNEL_SIZE - 15], 0);
}

/* initrd_addr_max is the highest address that its last byte may have. */
static void highest_initrd(void **state)
{
	const struct load_module module = { "data", 4, "" };
	struct boot_params *params;

	request.modules = &module;
	request.module_count = 1;
	header->initrd_addr_max = 28 * MIB - 1;
	assert_fault(load(IMAGE_SIZE), LOAD_OK);
	params = loaded_params();
	assert_int_equal(params->hdr.ramdisk_image, 28 * MIB - PAGE_SIZE);
	/* The kernel ends at 24 MiB. */
	header->initrd_addr_max = 24 * MIB;
	assert_fault(load(IMAGE_SIZE), LOAD_MODULE_TOO_LARGE);
}

static void no_room(void **state)
{
	struct load_module module = { NULL, 0, "" };
	char cmdline[300];

	/* 8 MiB are left above the kernel; it must not be read if too large. */
	request.modules = &module;
	request.module_count = 1;
	module.size = 8 * MIB + 1;
	assert_fault(load(IMAGE_SIZE), LOAD_MODULE_TOO_LARGE);
	module.size = ~0ULL;
	assert_fault(load(IMAGE_SIZE), LOAD_MODULE_TOO_LARGE);
	request.module_count = 0;
	memset(cmdline, 'a', sizeof(cmdline));
	cmdline[256] = '\0';
	request.cmdline = cmdline;
	assert_fault(load(IMAGE_SIZE), LOAD_CMDLINE_TOO_LONG);
	cmdline[255] = '\0';
	assert_fault(load(IMAGE_SIZE), LOAD_OK);
	header->init_size = 17 * MIB;
	assert_fault(load(IMAGE_SIZE), LOAD_NO_MEMORY);
	assert_int_equal(entry.wanted.start, header->pref_address);
	assert_int_equal(entry.wanted.end, header->pref_address + 17 * MIB);
	header->pref_address = ~0ULL - MIB;
	assert_fault(load(IMAGE_SIZE), LOAD_NO_MEMORY);
	header->pref_address = 0;
	assert_fault(load(IMAGE_SIZE), LOAD_NO_MEMORY);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(refusals),	 TEST(absurd_fields),
		TEST(entry_64),	 TEST(old_protocols),
		TEST(entry_32),	 TEST(before_xloadflags),
		TEST(last_unit), TEST(highest_initrd),
		TEST(no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
