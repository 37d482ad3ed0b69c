/* SPDX-License-Identifier: MIT */
/* The machine's SMBIOS structures: see smbios.h for the sources. */
#include "arch/x86/firmware/smbios.h"

#define SEGMENT 0xf0000
#define SEGMENT_SIZE (64 * KIB)
#define ANCHOR_ALIGN 16
#define ENTRY_SIZE 31 /* of the longer form */
#define STRUCTURES_MAX MIB
#define HEAD_SIZE 4 /* type, length, handle: 6.1.2 */
#define TYPE_END 127

/* UEFI 4.3 and 4.6. */
enum {
	EFI_TABLE_COUNT = 104,
	EFI_TABLES = 112,
	EFI_SIZE = 120,
	GUID_SIZE = 16,
	EFI_ENTRY_SIZE = 24, /* a GUID and an address */
};
#define EFI_COUNT_MAX 256

/* The two forms of the entry point: 5.2.1 and 5.2.2. */
static const struct form {
	char anchor[6];
	u8 guid[GUID_SIZE];
	u8 length_at, size_at, size_size, address_at, address_size;
} forms[] = {
	{ "_SM3_",
	  { 0x44, 0x15, 0xfd, 0xf2, 0x94, 0x97, 0x2c, 0x4a, 0x99, 0x2e, 0xe5,
	    0xbb, 0xcf, 0x20, 0xe3, 0x94 },
	  .length_at = 6,
	  .size_at = 12,
	  .size_size = 4,
	  .address_at = 16,
	  .address_size = 8 },
	{ "_SM_",
	  { 0x31, 0x2d, 0x9d, 0xeb, 0x88, 0x2d, 0xd3, 0x11, 0x9a, 0x16, 0x00,
	    0x90, 0x27, 0x3f, 0xc1, 0x4d },
	  .length_at = 5,
	  .size_at = 22,
	  .size_size = 2,
	  .address_at = 24,
	  .address_size = 4 },
};

/*
 * The offset of each string's number in its type of structure: 7.1, 7.2, 7.3.
 */
static const struct {
	u8 type, at;
} places[SMBIOS_STRINGS] = {
	[SMBIOS_FIRMWARE_VENDOR] = { 0, 4 },
	[SMBIOS_FIRMWARE_VERSION] = { 0, 5 },
	[SMBIOS_FIRMWARE_DATE] = { 0, 8 },
	[SMBIOS_SYSTEM_VENDOR] = { 1, 4 },
	[SMBIOS_SYSTEM_NAME] = { 1, 5 },
	[SMBIOS_BOARD_VENDOR] = { 2, 4 },
	[SMBIOS_BOARD_NAME] = { 2, 5 },
};

/* Copies the string of that number (0: none) among those from @at on: 6.1.3. */
static void copy_string(const struct table *t, u32 at, u64 number, char *out)
{
	size_t n = 0;
	u8 c;

	for (; number > 1 && field(t, at, 1); number--)
		while (field(t, at++, 1))
			;
	while (number && n + 1 < SMBIOS_STRING_SIZE &&
	       (c = (u8)field(t, at++, 1)) != 0)
		out[n++] = c >= ' ' && c <= '~' ? (char)c : '?';
	while (n && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
}

/* Reads the first board's names if there are several. */
static void read_structures(const struct table *t, struct smbios_names *names)
{
	u32 at = 0;

	while (at + HEAD_SIZE <= t->size) {
		u64 type = field(t, at, 1);
		u32 length = (u32)field(t, at + 1, 1), strings = at + length;

		if (length < HEAD_SIZE || type == TYPE_END)
			return;
		for (u32 i = 0; i < SMBIOS_STRINGS; i++)
			if (places[i].type == type && places[i].at < length &&
			    !names->text[i][0])
				copy_string(t, strings,
					    field(t, at + places[i].at, 1),
					    names->text[i]);
		/* Two NULs end the strings, also if there are none. */
		for (at = strings; at < t->size && field(t, at, 2); at++)
			;
		at += 2;
	}
}

/* Returns true if there is an entry point of that form at @hpa. */
static bool read_entry(firmware_memory *memory, hpa_t hpa,
		       const struct form *form, struct smbios_names *names)
{
	struct table entry = { memory(hpa, ENTRY_SIZE), ENTRY_SIZE }, all;
	u32 length;

	if (!entry.data ||
	    memcmp(entry.data, form->anchor, strlen(form->anchor)))
		return false;
	length = (u32)field(&entry, form->length_at, 1);
	if (length > ENTRY_SIZE || table_sum(entry.data, length))
		return false;
	all.size = (u32)MIN(field(&entry, form->size_at, form->size_size),
			    STRUCTURES_MAX);
	all.data = memory(field(&entry, form->address_at, form->address_size),
			  all.size);
	if (all.data)
		read_structures(&all, names);
	return all.data;
}

static bool find_in_segment(firmware_memory *memory, const struct form *form,
			    struct smbios_names *names)
{
	const u8 *segment = memory(SEGMENT, SEGMENT_SIZE);

	for (u32 at = 0; segment && at < SEGMENT_SIZE; at += ANCHOR_ALIGN)
		if (!memcmp(segment + at, form->anchor, strlen(form->anchor)) &&
		    read_entry(memory, SEGMENT + at, form, names))
			return true;
	return false;
}

static bool find_by_efi(firmware_memory *memory, hpa_t efi_table,
			const struct form *form, struct smbios_names *names)
{
	const struct table efi = { memory(efi_table, EFI_SIZE), EFI_SIZE };
	struct table tables;

	if (!efi.data)
		return false;
	tables.size = (u32)MIN(field(&efi, EFI_TABLE_COUNT, 8), EFI_COUNT_MAX) *
		      EFI_ENTRY_SIZE;
	tables.data = memory(field(&efi, EFI_TABLES, 8), tables.size);
	for (u32 at = 0; tables.data && at < tables.size; at += EFI_ENTRY_SIZE)
		if (!memcmp(tables.data + at, form->guid, GUID_SIZE) &&
		    read_entry(memory, field(&tables, at + GUID_SIZE, 8), form,
			       names))
			return true;
	return false;
}

void smbios_read(hpa_t efi_table, firmware_memory *memory,
		 struct smbios_names *names)
{
	memset(names, 0, sizeof(*names));
	for (u32 i = 0; i < ARRAY_SIZE(forms); i++)
		if (efi_table ? find_by_efi(memory, efi_table, &forms[i], names)
			      : find_in_segment(memory, &forms[i], names))
			return;
}
