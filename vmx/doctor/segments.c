/* SPDX-License-Identifier: MIT */
/*
 * The guest's segment registers: SDM vol. 3C, 26.3.1.2.
 */
#include "vmx/doctor/rules.h"

/* The order of the fields. */
enum { ES, CS, SS, DS, FS, GS, LDTR, TR };

#define ALL_SIX BITS(GS, ES)
#define DATA (BIT(ES) | BIT(DS) | BIT(FS) | BIT(GS))
#define SYSTEM (BIT(LDTR) | BIT(TR))
#define TYPE_CODE_ACCESSED (AR_CODE | AR_ACCESSED)
#define TYPE_DATA_ACCESSED (AR_WRITABLE | AR_ACCESSED)
#define RPL BITS(1, 0)
#define TI BIT(2)
#define DPL_3 (3 << 5)
#define NOT_CANONICAL BIT(47)
#define AR_V86 0xf3

static u64 rights(const struct doctor *d, unsigned int n)
{
	return d->read(d, VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * n);
}

static u64 selector(const struct doctor *d, unsigned int n)
{
	return d->read(d, VMCS_GUEST_ES_SELECTOR + 2 * n);
}

/* --- Conditions ------------------------------------------------------------- */

/* CS and TR are never unusable; where they may not be, a rule says so. */
static bool usable(const struct doctor *d, unsigned int n)
{
	return n == CS || n == TR || !(rights(d, n) & AR_UNUSABLE);
}

static bool v86(const struct doctor *d, unsigned int n)
{
	return guest_v86(d);
}

/* Usable, and in a guest that the rules of virtual-8086 mode are not for. */
static bool plain(const struct doctor *d, unsigned int n)
{
	return !guest_v86(d) && usable(d, n);
}

static bool plain_restricted(const struct doctor *d, unsigned int n)
{
	return plain(d, n) && !unrestricted(d);
}

static bool restricted(const struct doctor *d, unsigned int n)
{
	return !guest_v86(d) && !unrestricted(d);
}

static bool real_or_flat(const struct doctor *d, unsigned int n)
{
	return unrestricted(d) &&
	       (!has(d, VMCS_GUEST_CR0, CR0_PE) ||
		AR_TYPE(rights(d, CS)) == TYPE_DATA_ACCESSED);
}

static bool code_is(const struct doctor *d, u32 type)
{
	return !guest_v86(d) && (AR_TYPE(rights(d, CS)) & ~AR_WRITABLE) == type;
}

static bool conforming(const struct doctor *d, unsigned int n)
{
	return code_is(d, TYPE_CODE_ACCESSED | AR_EXPAND_DOWN);
}

static bool nonconforming(const struct doctor *d, unsigned int n)
{
	return code_is(d, TYPE_CODE_ACCESSED);
}

static bool code_is_data(const struct doctor *d, unsigned int n)
{
	return unrestricted(d) && code_is(d, AR_ACCESSED);
}

static bool readable_code(const struct doctor *d, unsigned int n)
{
	return plain(d, n) && (rights(d, n) & AR_CODE);
}

static bool is_64(const struct doctor *d, unsigned int n)
{
	return guest_64(d);
}

static bool is_not_64(const struct doctor *d, unsigned int n)
{
	return !guest_64(d);
}

static bool code_64(const struct doctor *d, unsigned int n)
{
	return guest_64(d) && (rights(d, CS) & AR_L);
}

/* --- Predicates ------------------------------------------------------------- */

static bool no_ti(const struct doctor *d, u64 value, unsigned int n)
{
	return !(value & TI);
}

static bool rpl_of_cs(const struct doctor *d, u64 value, unsigned int n)
{
	return (value & RPL) == (selector(d, CS) & RPL);
}

static bool base_of_selector(const struct doctor *d, u64 value, unsigned int n)
{
	return value == selector(d, n) << 4;
}

static bool upper_half_zero(const struct doctor *d, u64 value, unsigned int n)
{
	return !(value >> 32);
}

static bool limit_of_v86(const struct doctor *d, u64 value, unsigned int n)
{
	return value == 0xffff;
}

static bool rights_of_v86(const struct doctor *d, u64 value, unsigned int n)
{
	return value == AR_V86;
}

static bool accessed_code(const struct doctor *d, u64 value, unsigned int n)
{
	return (value & TYPE_CODE_ACCESSED) == TYPE_CODE_ACCESSED ||
	       (unrestricted(d) && AR_TYPE(value) == TYPE_DATA_ACCESSED);
}

static bool writable_data(const struct doctor *d, u64 value, unsigned int n)
{
	return (AR_TYPE(value) & ~AR_EXPAND_DOWN) == TYPE_DATA_ACCESSED;
}

static bool accessed(const struct doctor *d, u64 value, unsigned int n)
{
	return value & AR_ACCESSED;
}

static bool readable(const struct doctor *d, u64 value, unsigned int n)
{
	return value & AR_WRITABLE;
}

static bool is_segment(const struct doctor *d, u64 value, unsigned int n)
{
	return value & AR_S;
}

static bool dpl_of_ss(const struct doctor *d, u64 value, unsigned int n)
{
	return AR_DPL(value) == AR_DPL(rights(d, SS));
}

static bool dpl_up_to_ss(const struct doctor *d, u64 value, unsigned int n)
{
	return AR_DPL(value) <= AR_DPL(rights(d, SS));
}

static bool dpl_0(const struct doctor *d, u64 value, unsigned int n)
{
	return !AR_DPL(value);
}

static bool dpl_is_rpl(const struct doctor *d, u64 value, unsigned int n)
{
	return AR_DPL(value) == (selector(d, n) & RPL);
}

static bool dpl_covers_rpl(const struct doctor *d, u64 value, unsigned int n)
{
	return (value & (AR_CODE | AR_EXPAND_DOWN)) ==
		       (AR_CODE | AR_EXPAND_DOWN) ||
	       AR_DPL(value) >= (selector(d, n) & RPL);
}

static bool present(const struct doctor *d, u64 value, unsigned int n)
{
	return value & AR_P;
}

static bool bits_11_8_clear(const struct doctor *d, u64 value, unsigned int n)
{
	return !(value & BITS(11, 8));
}

static bool bits_31_17_clear(const struct doctor *d, u64 value, unsigned int n)
{
	return !(value & BITS(31, 17));
}

static bool not_db(const struct doctor *d, u64 value, unsigned int n)
{
	return !(value & AR_DB);
}

/* A limit in pages ends in FFFh; one above 1 MiB can only be in pages. */
static bool granularity_fits(const struct doctor *d, u64 value, unsigned int n)
{
	bool pages = rights(d, n) & AR_G;

	return pages ? (value & BITS(11, 0)) == BITS(11, 0)
		     : !(value & BITS(31, 20));
}

static bool is_tss_64(const struct doctor *d, u64 value, unsigned int n)
{
	return AR_TYPE(value) == AR_TSS_BUSY;
}

static bool is_tss(const struct doctor *d, u64 value, unsigned int n)
{
	return AR_TYPE(value) == AR_TSS_BUSY || AR_TYPE(value) == AR_TSS16_BUSY;
}

static bool is_ldt(const struct doctor *d, u64 value, unsigned int n)
{
	return AR_TYPE(value) == AR_LDT;
}

static bool is_system(const struct doctor *d, u64 value, unsigned int n)
{
	return !(value & AR_S);
}

static bool is_usable(const struct doctor *d, u64 value, unsigned int n)
{
	return !(value & AR_UNUSABLE);
}

/* --- The rules -------------------------------------------------------------- */

#define RIGHTS_RULE(who, words, condition, predicate, ...)                     \
	{                                                                      \
		"26.3.1.2", VMCS_GUEST_ES_ACCESS_RIGHTS,                       \
			.registers = (who), .expected = (words),               \
			.when = (condition), .holds = (predicate),             \
			BROKEN_BY(__VA_ARGS__)                                 \
	}
#define EACH_RIGHTS(op, bits) CHANGE_EACH(op, GUEST_ES_ACCESS_RIGHTS, bits)
#define UNRESTRICTED_GUEST                                                     \
	CHANGE(OR, CPU2, CPU2_EPT | CPU2_UNRESTRICTED),                        \
		CHANGE(SET, EPT_POINTER, 0x1e)

const struct doctor_rule doctor_segment_rules[] = {
	/* Selectors */
	{ "26.3.1.2", VMCS_GUEST_ES_SELECTOR, .registers = SYSTEM,
	  .expected = "TI (bit 2) is 0", .when = usable, .holds = no_ti,
	  BROKEN_BY(CHANGE_EACH(OR, GUEST_ES_SELECTOR, TI)) },
	{ "26.3.1.2", VMCS_GUEST_SS_SELECTOR,
	  .expected = "RPL as CS's, but for virtual-8086 and unrestricted "
		      "guests",
	  .when = restricted, .holds = rpl_of_cs,
	  BROKEN_BY(CHANGE(OR, GUEST_CS_SELECTOR, RPL)) },

	/* Bases */
	{ "26.3.1.2", VMCS_GUEST_ES_BASE, .registers = ALL_SIX,
	  .expected = "16 times the selector, in a virtual-8086 guest",
	  .when = v86, .holds = base_of_selector, .guest = DOCTOR_GUEST_V86,
	  BROKEN_BY(CHANGE_EACH(SET, GUEST_ES_BASE, 0x10)) },
	{ "26.3.1.2", VMCS_GUEST_ES_BASE,
	  .registers = BIT(FS) | BIT(GS) | BIT(TR), .expected = "canonical",
	  .holds = doctor_is_canonical,
	  BROKEN_BY(CHANGE_EACH(SET, GUEST_ES_BASE, NOT_CANONICAL)) },
	{ "26.3.1.2", VMCS_GUEST_ES_BASE, .registers = BIT(LDTR),
	  .expected = "canonical, if LDTR is usable", .when = usable,
	  .holds = doctor_is_canonical,
	  BROKEN_BY(CHANGE_EACH(SET, GUEST_ES_BASE, NOT_CANONICAL)) },
	{ "26.3.1.2", VMCS_GUEST_ES_BASE, .registers = BITS(DS, ES),
	  .expected = "bits 63:32 are 0", .when = usable,
	  .holds = upper_half_zero,
	  BROKEN_BY(CHANGE_EACH(SET, GUEST_ES_BASE, BIT(32))) },

	/* Limits */
	{ "26.3.1.2", VMCS_GUEST_ES_LIMIT, .registers = ALL_SIX,
	  .expected = "FFFFh, in a virtual-8086 guest", .when = v86,
	  .holds = limit_of_v86, .guest = DOCTOR_GUEST_V86,
	  BROKEN_BY(CHANGE_EACH(SET, GUEST_ES_LIMIT, 0xfffe)) },

	/* Access rights */
	{ "26.3.1.2", VMCS_GUEST_ES_ACCESS_RIGHTS, .registers = ALL_SIX,
	  .expected = "F3h, in a virtual-8086 guest", .when = v86,
	  .holds = rights_of_v86, .guest = DOCTOR_GUEST_V86,
	  BROKEN_BY(EACH_RIGHTS(CLEAR, AR_WRITABLE)) },
	RIGHTS_RULE(BIT(CS),
		    "type 9, 11, 13 or 15 (accessed code); 3 in an "
		    "unrestricted guest",
		    plain, accessed_code, EACH_RIGHTS(CLEAR, AR_ACCESSED)),
	RIGHTS_RULE(BIT(SS), "type 3 or 7 (writable accessed data)", plain,
		    writable_data, EACH_RIGHTS(CLEAR, AR_ACCESSED)),
	RIGHTS_RULE(DATA, "an accessed type (bit 0 is 1)", plain, accessed,
		    EACH_RIGHTS(CLEAR, AR_ACCESSED)),
	RIGHTS_RULE(DATA, "if code, readable (bit 1 is 1)", readable_code,
		    readable, EACH_RIGHTS(OR, AR_CODE),
		    EACH_RIGHTS(CLEAR, AR_WRITABLE)),
	RIGHTS_RULE(ALL_SIX, "S (bit 4) is 1", plain, is_segment,
		    EACH_RIGHTS(CLEAR, AR_S)),
	RIGHTS_RULE(BIT(CS), "DPL is 0, of type 3", code_is_data, dpl_0,
		    UNRESTRICTED_GUEST, EACH_RIGHTS(CLEAR, AR_CODE),
		    EACH_RIGHTS(OR, DPL_3)),
	RIGHTS_RULE(BIT(CS), "DPL as SS's, of nonconforming code",
		    nonconforming, dpl_of_ss, EACH_RIGHTS(OR, DPL_3)),
	RIGHTS_RULE(BIT(CS), "DPL at most SS's, of conforming code", conforming,
		    dpl_up_to_ss, EACH_RIGHTS(OR, AR_EXPAND_DOWN | DPL_3)),
	RIGHTS_RULE(BIT(SS), "DPL as RPL, but for unrestricted guests",
		    restricted, dpl_is_rpl, CHANGE(OR, GUEST_SS_SELECTOR, RPL),
		    CHANGE(OR, GUEST_CS_SELECTOR, RPL)),
	RIGHTS_RULE(BIT(SS), "DPL is 0 where CR0.PE is 0 or CS's type is 3",
		    real_or_flat, dpl_0, UNRESTRICTED_GUEST,
		    CHANGE(CLEAR, GUEST_CS_ACCESS_RIGHTS, AR_CODE),
		    EACH_RIGHTS(OR, DPL_3)),
	RIGHTS_RULE(DATA,
		    "DPL not below RPL, of data and nonconforming code, but "
		    "for unrestricted guests",
		    plain_restricted, dpl_covers_rpl,
		    CHANGE_EACH(OR, GUEST_ES_SELECTOR, RPL)),
	RIGHTS_RULE(ALL_SIX, "P (bit 7) is 1", plain, present,
		    EACH_RIGHTS(CLEAR, AR_P)),
	RIGHTS_RULE(ALL_SIX, "bits 11:8 are 0", plain, bits_11_8_clear,
		    EACH_RIGHTS(OR, BIT(8))),
	RIGHTS_RULE(BIT(CS), "D/B (bit 14) is 0 where L is 1", code_64, not_db,
		    EACH_RIGHTS(OR, AR_DB)),
	RIGHTS_RULE(ALL_SIX, "bits 31:17 are 0", plain, bits_31_17_clear,
		    EACH_RIGHTS(OR, BIT(17))),
	{ "26.3.1.2", VMCS_GUEST_ES_LIMIT, .registers = ALL_SIX,
	  .expected = "bits 11:0 are 1 if G is 1, bits 31:20 are 0 if G is 0",
	  .when = plain, .holds = granularity_fits,
	  BROKEN_BY(CHANGE_EACH(SET, GUEST_ES_LIMIT, 0xfffffffe)) },
	RIGHTS_RULE(BIT(TR), "type 11 (64-bit busy TSS) in IA-32e mode", is_64,
		    is_tss_64, EACH_RIGHTS(CLEAR, AR_CODE)),
	{ "26.3.1.2", VMCS_GUEST_TR_ACCESS_RIGHTS,
	  .expected = "type 3 or 11 (busy TSS)", .when = is_not_64,
	  .holds = is_tss, .guest = DOCTOR_GUEST_PAE,
	  BROKEN_BY(CHANGE(CLEAR, GUEST_TR_ACCESS_RIGHTS, AR_WRITABLE)) },
	RIGHTS_RULE(BIT(LDTR), "type 2 (LDT)", usable, is_ldt,
		    EACH_RIGHTS(OR, AR_ACCESSED)),
	RIGHTS_RULE(SYSTEM, "S (bit 4) is 0", usable, is_system,
		    EACH_RIGHTS(OR, AR_S)),
	RIGHTS_RULE(SYSTEM, "P (bit 7) is 1", usable, present,
		    EACH_RIGHTS(CLEAR, AR_P)),
	RIGHTS_RULE(SYSTEM, "bits 11:8 are 0", usable, bits_11_8_clear,
		    EACH_RIGHTS(OR, BIT(8))),
	{ "26.3.1.2", VMCS_GUEST_ES_LIMIT, .registers = SYSTEM,
	  .expected = "bits 11:0 are 1 if G is 1, bits 31:20 are 0 if G is 0",
	  .when = usable, .holds = granularity_fits,
	  BROKEN_BY(CHANGE_EACH(SET, GUEST_ES_LIMIT, BIT(20))) },
	RIGHTS_RULE(BIT(TR), "usable (bit 16 is 0)", NULL, is_usable,
		    EACH_RIGHTS(OR, AR_UNUSABLE)),
	RIGHTS_RULE(SYSTEM, "bits 31:17 are 0", usable, bits_31_17_clear,
		    EACH_RIGHTS(OR, BIT(17))),
	{ 0 },
};
