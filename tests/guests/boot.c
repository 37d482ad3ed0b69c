/* SPDX-License-Identifier: MIT */
/*
 * The information for a multiboot kernel, by multiboot 1 and by multiboot 2:
 * command line, a module, the sizes of memory, and its map.
 *
 * Argument: module=N, the size of the module. Its string must be "pattern.bin",
 * and its byte i PATTERN(i).
 */
#include "tests/guests/runtime.h"

#define PATTERN(i) ((u8)((i)*7))
#define MODULE_NAME "pattern.bin"
#define RAM 1
#define BASE_KIB_MIN 512
#define BASE_KIB_MAX 640
#define KERNEL_START 0x100000
#define COM1 0x3f8

struct range {
	u64 start, size;
	u32 type;
};

#define RANGES_MAX 32

/* Both kinds of information in one form. */
struct boot {
	const char *cmdline, *loader, *module_string;
	u32 module_start, module_end;
	u32 lower, upper; /* in KiB */
	struct range map[RANGES_MAX];
	u32 ranges;
};

extern const u8 image_end[];

static bool is_same_text(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static void check(bool ok, const char *what)
{
	if (check_failed(ok))
		print("boot: wrong: %s\n", what);
}

static void add_range(struct boot *boot, const void *from)
{
	if (boot->ranges < RANGES_MAX)
		memcpy(&boot->map[boot->ranges++], from, 20);
}

/* Multiboot Specification 0.6.96, 3.3; indices in words. */
static void read_mb1(struct boot *boot, const u32 *info)
{
	enum { FLAGS, LOWER, UPPER, CMDLINE = 4, MODULE_COUNT, MODULES };
	enum { MAP_LENGTH = 11, MAP, LOADER = 16 };
	const u32 *module = (const u32 *)info[MODULES];
	u32 at = info[MAP];

	check((info[FLAGS] & 0x24d) == 0x24d, "flags");
	boot->lower = info[LOWER];
	boot->upper = info[UPPER];
	boot->cmdline = (const char *)info[CMDLINE];
	boot->loader = (const char *)info[LOADER];
	check(info[MODULE_COUNT] == 1, "number of modules");
	boot->module_start = module[0];
	boot->module_end = module[1];
	boot->module_string = (const char *)module[2];
	/* An entry's size does not count the word that has the size. */
	for (; at < info[MAP] + info[MAP_LENGTH]; at += *(u32 *)at + 4)
		add_range(boot, (void *)(at + 4));
}

/* Multiboot2 Specification 2.0, 3.6: tags of two words and their contents. */
static void read_mb2(struct boot *boot, const u32 *info)
{
	enum { END, CMDLINE, LOADER, MODULE, MEMORY, MAP = 6 };
	const u8 *at = (const u8 *)(info + 2), *end = (const u8 *)info + *info;
	const u32 *tag = info;

	check((u32)info % 8 == 0, "alignment of the information");
	for (; at < end; at += ALIGN_UP(tag[1], 8)) {
		tag = (const u32 *)at;
		switch (tag[0]) {
		case CMDLINE:
			boot->cmdline = (const char *)(tag + 2);
			break;
		case LOADER:
			boot->loader = (const char *)(tag + 2);
			break;
		case MODULE:
			boot->module_start = tag[2];
			boot->module_end = tag[3];
			boot->module_string = (const char *)(tag + 4);
			break;
		case MEMORY:
			boot->lower = tag[2];
			boot->upper = tag[3];
			break;
		case MAP:
			for (u32 i = 16; i < tag[1]; i += tag[2])
				add_range(boot, at + i);
			break;
		}
	}
	check(at == end && tag[0] == END && tag[1] == 8, "end of the tags");
}

/* Returns true if all of it is in one range of RAM. */
static bool is_in_ram(const struct boot *boot, u32 start, u32 end)
{
	for (u32 i = 0; i < boot->ranges; i++) {
		const struct range *r = &boot->map[i];

		if (r->type == RAM && start >= r->start &&
		    end <= r->start + r->size)
			return true;
	}
	return false;
}

static void check_module(const struct boot *boot, u32 size)
{
	const u8 *module = (const u8 *)boot->module_start;
	bool good = true;

	check(boot->module_end - boot->module_start == size, "module's size");
	check(is_same_text(boot->module_string, MODULE_NAME),
	      "module's string");
	check((u32)module % PAGE_SIZE == 0, "module's alignment");
	check(is_in_ram(boot, boot->module_start, boot->module_end),
	      "module in RAM");
	check(boot->module_end <= KERNEL_START || module >= image_end,
	      "module beside the kernel");
	for (u32 i = 0; i < size; i++)
		good = good && module[i] == PATTERN(i);
	check(good, "module's contents");
}

/* Read from memory: the compiler takes such a low address for a mistake. */
static volatile u32 bios_data = 0x400;

/* The BIOS data area at 40:0, and the EBDA, which is no RAM for the kernel. */
static void check_bios_data(const struct boot *boot)
{
	enum { DATA_COM1 = 0x00, DATA_EBDA = 0x0e, DATA_BASE_KIB = 0x13 };
	u32 at = bios_data;
	u32 ebda = *(u16 *)(at + DATA_EBDA) * 16;
	u32 kib = *(u16 *)(at + DATA_BASE_KIB);

	check(*(u16 *)(at + DATA_COM1) == COM1, "BIOS: COM1");
	/* GRUB rounds its own number. */
	check(kib >= BASE_KIB_MIN && kib <= BASE_KIB_MAX, "BIOS: low memory");
	check(ebda >= kib * KIB && ebda < BASE_KIB_MAX * KIB, "BIOS: EBDA");
	check(!is_in_ram(boot, ebda, ebda + KIB), "EBDA in the map");
}

void main(const char *arguments)
{
	static struct boot boot = { .cmdline = "",
				    .loader = "",
				    .module_string = "" };
	u32 size;

	if (boot_magic == MB1_LOADED)
		read_mb1(&boot, boot_info);
	else if (boot_magic == MB2_LOADED)
		read_mb2(&boot, boot_info);
	print("boot: \"%s\" by \"%s\", magic %x\n", boot.cmdline, boot.loader,
	      boot_magic);
	size = argument(boot.cmdline, "module", 0);
	check(size, "command line");
	check_module(&boot, size);
	check(boot.lower && boot.lower <= BASE_KIB_MAX, "lower memory");
	check_bios_data(&boot);
	check(is_in_ram(&boot, 0, boot.lower * KIB), "lower memory in the map");
	check(is_in_ram(&boot, KERNEL_START, KERNEL_START + boot.upper * KIB),
	      "upper memory in the map");
	check(is_in_ram(&boot, KERNEL_START, (u32)image_end), "kernel in RAM");
	check(!is_in_ram(&boot, 0, KERNEL_START), "a hole below 1 MiB");
}
