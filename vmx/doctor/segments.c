/* SPDX-License-Identifier: MIT */
/*
 * The guest's segment registers: SDM vol. 3C, 26.3.1.2.
 */
#include "vmx/doctor/rules.h"

#define ALL_SIX BITS(SEG_GS, SEG_ES)
#define DATA (BIT(SEG_ES) | BIT(SEG_DS) | BIT(SEG_FS) | BIT(SEG_GS))
#define SYSTEM (BIT(LDTR) | BIT(TR))
#define CONFORMING (AR_CODE | AR_EXPAND_DOWN)
#define TI BIT(2)
/* Bit n set: type n. */
#define ACCESSED_TYPES 0xaaaa
#define ACCESSED_CODE_TYPES (ACCESSED_TYPES & BITS(15, 8))
#define WRITABLE_ACCESSED_TYPES (BIT(3) | BIT(7))
#define DATA_OR_READABLE_TYPES                                                 \
	(BITS(7, 0) | BIT(10) | BIT(11) | BIT(14) | BIT(15))

static u64 rights(const struct doctor *d, unsigned int n)
{
	return d->read(d, VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * n);
}

static u64 selector(const struct doctor *d, unsigned int n)
{
	return d->read(d, VMCS_GUEST_ES_SELECTOR + 2 * n);
}

static bool rpl_of_cs(const struct doctor *d, u64 value, unsigned int n)
{
	return (value & RPL) == (selector(d, SEG_CS) & RPL);
}

static bool base_of_selector(const struct doctor *d, u64 value, unsigned int n)
{
	return value == selector(d, n) << 4;
}

static bool code_dpl_fits(const struct doctor *d, u64 value, unsigned int n)
{
	unsigned int dpl = AR_DPL(value), ss = AR_DPL(rights(d, SEG_SS));

	return (value & CONFORMING) == CONFORMING ? dpl <= ss : dpl == ss;
}

static bool dpl_is_rpl_of_ss(const struct doctor *d, u64 value, unsigned int n)
{
	return AR_DPL(value) == (selector(d, SEG_SS) & RPL);
}

static bool dpl_covers_rpl(const struct doctor *d, u64 value, unsigned int n)
{
	return (value & CONFORMING) == CONFORMING ||
	       AR_DPL(value) >= (selector(d, n) & RPL);
}

/* A limit in pages ends in FFFh; one above 1 MiB can only be in pages. */
static bool granularity_fits(const struct doctor *d, u64 value, unsigned int n)
{
	bool pages = rights(d, n) & AR_G;

	return pages ? (value & BITS(11, 0)) == BITS(11, 0)
		     : !(value & BITS(31, 20));
}

#define SEGMENTS(who, f, words, modes, ...)                                    \
	RULE("26.3.1.2", GUEST_ES_##f, words, .registers = (who),              \
	     .segment = (modes), __VA_ARGS__)
#define RIGHTS(who, words, modes, ...)                                         \
	SEGMENTS(who, ACCESS_RIGHTS, words, modes, __VA_ARGS__)
#define IN_V86 DOCTOR_IF_V86
#define NO_V86 DOCTOR_UNLESS_V86
#define USABLE DOCTOR_IF_USABLE
#define PLAIN (DOCTOR_UNLESS_V86 | DOCTOR_IF_USABLE)
#define ALWAYS 0

const struct doctor_rule doctor_segment_rules[] = {
	SEGMENTS(SYSTEM, SELECTOR, "TI (bit 2) is 0", USABLE, ZERO(TI)),
	RULE("26.3.1.2", GUEST_SS_SELECTOR, "RPL as CS's", .segment = NO_V86,
	     HOLDS(rpl_of_cs, 0, 0), ALSO(HAS(GUEST_CS_SELECTOR, RPL))),

	SEGMENTS(ALL_SIX, BASE,
		 "16 times the selector, in a virtual-8086 guest", IN_V86,
		 HOLDS(base_of_selector, ALL_BITS, 0x10),
		 .guest = DOCTOR_GUEST_V86),
	SEGMENTS(BIT(SEG_FS) | BIT(SEG_GS) | BIT(TR), BASE, "canonical", ALWAYS,
		 .check = CHECK_CANONICAL),
	SEGMENTS(BIT(LDTR), BASE, "canonical", USABLE,
		 .check = CHECK_CANONICAL),
	SEGMENTS(BITS(SEG_DS, SEG_ES), BASE, "bits 63:32 are 0", USABLE,
		 ZERO(BITS(63, 32))),

	SEGMENTS(ALL_SIX, LIMIT, "FFFFh, in a virtual-8086 guest", IN_V86,
		 EQUALS(ALL_BITS, 0xffff), .guest = DOCTOR_GUEST_V86),

	RIGHTS(ALL_SIX, "F3h, in a virtual-8086 guest", IN_V86,
	       EQUALS(ALL_BITS, 0xf3), .guest = DOCTOR_GUEST_V86),
	RIGHTS(BIT(SEG_CS), "type 9, 11, 13 or 15 (accessed code)", PLAIN,
	       TYPE(ACCESSED_CODE_TYPES)),
	RIGHTS(BIT(SEG_SS), "type 3 or 7 (writable accessed data)", PLAIN,
	       TYPE(WRITABLE_ACCESSED_TYPES)),
	RIGHTS(DATA, "an accessed type (bit 0 is 1)", PLAIN,
	       TYPE(ACCESSED_TYPES)),
	RIGHTS(DATA, "if code, readable (bit 1 is 1)", PLAIN,
	       TYPE(DATA_OR_READABLE_TYPES),
	       ALSO(MATCHES(GUEST_ES_ACCESS_RIGHTS, AR_TYPE_MASK, AR_CODE))),
	RIGHTS(ALL_SIX, "S (bit 4) is 1", PLAIN, ONES(AR_S)),
	RIGHTS(BIT(SEG_CS), "DPL as SS's; of conforming code, at most SS's",
	       NO_V86, HOLDS(code_dpl_fits, DPL, DPL)),
	RULE("26.3.1.2", GUEST_SS_ACCESS_RIGHTS, "DPL as RPL",
	     .segment = NO_V86, HOLDS(dpl_is_rpl_of_ss, 0, 0),
	     ALSO(HAS(GUEST_SS_SELECTOR, RPL), HAS(GUEST_CS_SELECTOR, RPL))),
	RIGHTS(DATA, "DPL not below RPL, of data and nonconforming code", PLAIN,
	       HOLDS(dpl_covers_rpl, 0, 0), ALSO(HAS(GUEST_ES_SELECTOR, RPL))),
	RIGHTS(BITS(TR, SEG_ES), "P (bit 7) is 1", PLAIN, ONES(AR_P)),
	RIGHTS(BITS(TR, SEG_ES), "bits 11:8 are 0", PLAIN, ZERO(BITS(11, 8))),
	RIGHTS(BIT(SEG_CS), "D/B (bit 14) is 0 where L is 1", ALWAYS,
	       ZERO(AR_DB), WHEN(IS_IA32E, HAS(GUEST_CS_ACCESS_RIGHTS, AR_L))),
	RIGHTS(BITS(TR, SEG_ES), "bits 31:17 are 0", PLAIN, ZERO(BITS(31, 17))),
	SEGMENTS(BITS(TR, SEG_ES), LIMIT,
		 "bits 11:0 are 1 if G is 1, bits 31:20 are 0 if G is 0", PLAIN,
		 HOLDS(granularity_fits, BIT(20) | BIT(0), BIT(20))),
	RIGHTS(BIT(TR), "type 11 (64-bit busy TSS) in IA-32e mode", ALWAYS,
	       TYPE(BIT(AR_TSS_BUSY)), WHEN(IS_IA32E)),
	RIGHTS(BIT(TR), "type 3 or 11 (busy TSS)", ALWAYS,
	       TYPE(BIT(AR_TSS16_BUSY) | BIT(AR_TSS_BUSY)), WHEN(NOT_IA32E),
	       .guest = DOCTOR_GUEST_PAE),
	RIGHTS(BIT(LDTR), "type 2 (LDT)", USABLE, TYPE(BIT(AR_LDT))),
	RIGHTS(SYSTEM, "S (bit 4) is 0", USABLE, ZERO(AR_S)),
	RIGHTS(BIT(TR), "usable (bit 16 is 0)", ALWAYS, ZERO(AR_UNUSABLE)),
	{ 0 },
};
