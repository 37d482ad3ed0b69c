/* SPDX-License-Identifier: MIT */
/*
 * Random instructions: see insn_random.h.
 */
#include <string.h>

#include "arch/x86/emulator/linear.h"
#include "tests/unit/insn_random.h"

#define MAX_PREFIXES 4
#define ESCAPE 0x0f

static const u8 prefixes[] = { 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67,
			       0x66, 0x67, 0xf0, 0xf0, 0xf2, 0xf3, 0x48, 0x41 };

static const u8 one_byte[] = {
	0x00, 0x01, 0x02, 0x03, 0x08, 0x09, 0x0a, 0x0b, 0x10, 0x11, 0x12,
	0x13, 0x18, 0x19, 0x1a, 0x1b, 0x20, 0x21, 0x22, 0x23, 0x28, 0x29,
	0x2a, 0x2b, 0x30, 0x31, 0x32, 0x33, 0x38, 0x39, 0x3a, 0x3b, 0x63,
	0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a,
	0x8b, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xaa, 0xab, 0xac, 0xad,
	0xc6, 0xc7, 0xf6, 0xf7, 0xfe, 0xff, 0x69, 0x6b, 0xa6, 0xa7, 0xae,
	0xaf, 0xc0, 0xc1, 0xd0, 0xd1, 0xd2, 0xd3,
};

static const u8 two_byte[] = { 0xa3, 0xab, 0xb0, 0xb1, 0xb3, 0xb6, 0xb7,
			       0xba, 0xbb, 0xbe, 0xbf, 0xc0, 0xc1, 0xc3,
			       0xc7, 0x42, 0x4d, 0x92, 0x9c, 0xa4, 0xa5,
			       0xac, 0xad, 0xaf, 0xbc, 0xbd };

static const u8 vectors[] = { 0x10, 0x11, 0x12, 0x13, 0x16, 0x17, 0x28, 0x29,
			      0x2b, 0x6e, 0x6f, 0x7e, 0x7f, 0xd6, 0xe7, 0xf0 };

u64 choose_value(struct choices *choices)
{
	u64 value = 0;
	size_t taken = MIN(choices->size, sizeof(value));

	if (taken) {
		memcpy(&value, choices->data, taken);
		choices->data += taken;
		choices->size -= taken;
		return value;
	}
	/* Marsaglia's xorshift64*. */
	choices->state ^= choices->state >> 12;
	choices->state ^= choices->state << 25;
	choices->state ^= choices->state >> 27;
	return choices->state * 0x2545f4914f6cdd1dULL;
}

u64 choose_below(struct choices *choices, u64 count)
{
	return (choose_value(choices) >> 32) % count;
}

u64 choose_operand(struct choices *choices)
{
	u64 near = choose_below(choices, 5) - 2;

	switch (choose_below(choices, 8)) {
	case 0:
		return near;
	case 1:
		return BIT(8 * (1 + choose_below(choices, 7))) + near;
	case 2:
		return BIT(8 * (1 + choose_below(choices, 8)) - 1) + near;
	default:
		return choose_value(choices);
	}
}

/* A vector move with no prefix except its own, or with VEX. */
static size_t choose_vector(struct choices *choices, u8 *bytes, size_t pos)
{
	static const u8 own[] = { 0x66, 0xf2, 0xf3 };
	u64 random = choose_value(choices);

	if (random & 1) {
		pos = 0;
		if (random & 2) {
			bytes[pos++] = 0xc5;
			bytes[pos++] = (u8)(random >> 8 | 0x78);
		} else {
			bytes[pos++] = 0xc4;
			bytes[pos++] = (u8)((random >> 8 & 0xe0) | 1);
			bytes[pos++] = (u8)(random >> 16 | 0x78);
		}
	} else {
		if (random & 2) {
			pos = 0;
			if (random & 12)
				bytes[pos++] = own[random % 3];
			if (random & 16)
				bytes[pos++] = 0x40 | (random >> 8 & 0xf);
		}
		bytes[pos++] = ESCAPE;
	}
	bytes[pos++] = vectors[choose_below(choices, ARRAY_SIZE(vectors))];
	return pos;
}

void choose_insn(struct choices *choices, struct random_insn *out,
		 enum insn_mode mode)
{
	u8 *bytes = out->bytes;
	u64 random = choose_value(choices);
	u64 count = random % (2 * MAX_PREFIXES);
	size_t pos = 0;
	size_t i;

	/* Half of them without any prefix but REX. */
	for (i = 0; count < MAX_PREFIXES && i < count; i++)
		bytes[pos++] =
			prefixes[choose_below(choices, ARRAY_SIZE(prefixes))];
	if (mode == INSN_MODE_64 && random & BIT(8))
		bytes[pos++] = 0x40 | (random >> 12 & 0xf);
	if (random & BIT(9)) {
		bytes[pos++] =
			one_byte[choose_below(choices, ARRAY_SIZE(one_byte))];
	} else if ((random >> 16 & 7) < 4) {
		pos = choose_vector(choices, bytes, pos);
	} else {
		bytes[pos++] = ESCAPE;
		bytes[pos++] =
			two_byte[choose_below(choices, ARRAY_SIZE(two_byte))];
	}
	out->opcode = pos - 1;
	for (i = pos; i < INSN_MAX_LENGTH; i++)
		bytes[i] = (u8)choose_value(choices);
	/* Most of them with a memory operand. */
	if ((bytes[pos] >> 6) == 3 && random & (BIT(10) | BIT(11)))
		bytes[pos] &= 0xbf;
}

static void read_segment(void *ctx, enum segment segment,
			 struct segment_register *reg)
{
	const u64 *base = ctx;

	*reg = (struct segment_register){ .base = base[segment],
					  .limit = BITS(31, 0),
					  .rights = AR_WRITABLE };
}

gva_t operand_address(const struct insn *insn, const struct cpu_regs *regs,
		      const u64 base[SEG_COUNT])
{
	static const struct linear_ops ops = { .read_segment = read_segment };
	struct linear memory;
	gva_t gva;

	linear_begin(&memory, &ops, (void *)base, insn->mode == INSN_MODE_64,
		     false);
	linear_address(&memory, insn->mem.segment,
		       insn_memory_offset(insn, regs), insn->address_size,
		       insn->memory_size, true, &gva);
	return gva;
}
