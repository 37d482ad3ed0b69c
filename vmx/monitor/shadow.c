/* SPDX-License-Identifier: MIT */
/* The commands for an address. */
#include "lib/log.h"
#include "lib/parse.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "vmx/monitor/commands.h"
#include "vmx/report/insn_text.h"
#include "vmx/report/view_words.h"
#include "vmx/vm.h"

#define UNITS_MAX 256ULL /* Maximum number of units that x shows */
#define STRING_MAX 48 /* Maximum number of bytes of a string in a line */

static void print_outcomes(const struct mmu_cpu *cpu,
			   const struct mmu_view *view)
{
	static const struct {
		u32 access;
		const char *name;
	} accesses[] = {
		{ 0, "kernel read" },
		{ PFEC_W, "kernel write" },
		{ PFEC_I, "kernel fetch" },
		{ PFEC_U, "user read" },
		{ PFEC_U | PFEC_W, "user write" },
		{ PFEC_U | PFEC_I, "user fetch" },
	};
	char words[WORDS_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(accesses); i++) {
		u32 code;
		enum mmu_outcome outcome =
			mmu_view_access(cpu, view, accesses[i].access, &code);

		log_info("  %-13s %s", accesses[i].name,
			 outcome_words(words, view, outcome, code));
	}
}

HANDLER(walk)
{
	struct mmu_cpu *cpu = &vm->vcpu.paging;
	char guest[ENTRY_WORDS], shadow[ENTRY_WORDS];
	struct mmu_view view;
	gva_t gva;

	if (!parse_hex(words[1], &gva))
		return false;
	if (!mmu_has_address(cpu, gva)) {
		log_info("0x%lx is no address: every access is a #GP", gva);
		return true;
	}
	mmu_root(cpu); /* as before an entry */
	mmu_view(cpu, gva, &view);
	log_info("  P present W write U user A accessed D dirty S large "
		 "G global N no-exec");
	log_info("  level    %-30s %s", "guest's entry", "shadow's entry");
	for (u8 level = MAX(view.guest_top, view.shadow_top); level; level--) {
		level_words(&view, level, guest, shadow);
		log_info("    %u      %-30s %s", level, guest, shadow);
	}
	if (view.guest.status == WALK_OK)
		log_info("  guest-physical 0x%lx", view.guest.gpa);
	print_outcomes(cpu, &view);
	return true;
}

/* Writes the string at @bytes, in quotes. Returns its length with the NUL. */
static size_t string_text(char text[INSN_TEXT_MAX], u8 *bytes, size_t available)
{
	size_t n = 0;

	for (; n < available && bytes[n]; n++)
		if (bytes[n] < ' ' || bytes[n] > '~')
			bytes[n] = '.';
	snprintf(text, INSN_TEXT_MAX, "\"%.*s\"", (int)n, (char *)bytes);
	return MIN(n + 1, available);
}

/*
 * Umbra's decoder is the emulator's: it knows instructions that access memory.
 */
static size_t code_text(char text[INSN_TEXT_MAX], const u8 *bytes,
			size_t available, enum insn_mode mode)
{
	size_t length = insn_text(text, bytes, available, mode);

	if (!length)
		snappend(text, INSN_TEXT_MAX, ": unknown to Umbra's decoder");
	return length;
}

/*
 * Shows the memory at @gva in the form x, d, s or i; a number has @size bytes.
 * Returns the number of bytes up to the next one, or 0 if there is none.
 */
static size_t show_memory(const struct vcpu *vcpu, gva_t gva, char form,
			  u32 size)
{
	bool number = form == 'x' || form == 'd';
	char text[INSN_TEXT_MAX] = "is no RAM, or not mapped";
	u8 bytes[STRING_MAX] = { 0 };
	size_t length = mmu_peek(&vcpu->paging, gva, bytes,
				 number ? size : sizeof(bytes));
	u64 value;

	memcpy(&value, bytes, sizeof(value));
	if (!length || (number && length < size))
		length = 0;
	else if (form == 'x')
		snprintf(text, sizeof(text), "%0*lx", 2 * (int)size, value);
	else if (form == 'd')
		snprintf(text, sizeof(text), "%ld",
			 (s64)(value << (64 - 8 * size)) >> (64 - 8 * size));
	else if (form == 's')
		length = string_text(text, bytes, length);
	else
		length = code_text(text, bytes, length, vcpu_code_mode(vcpu));
	log_info("  0x%016lx  %s", gva, text);
	return length;
}

/*
 * words[0] is x/NFU, as in gdb: a number, the form, and the letter of the unit.
 */
HANDLER(x)
{
	static const char units[] = "bhwg";
	size_t length = 1;
	u32 size = sizeof(u64);
	char form = 'x';
	u64 left = 0, gva;

	for (const char *at = words[0] + 1; *at; at++) {
		const char *unit = strchr(units, *at);

		if (parse_digit(*at) < 10)
			left = MIN(left * 10 + parse_digit(*at), UNITS_MAX + 1);
		else if (unit)
			size = 1U << (unit - units);
		else if (*at != '/')
			form = *at;
	}
	if (!parse_hex(words[1], &gva) || left > UNITS_MAX ||
	    !strchr("xdsi", form))
		return false;
	for (left = MAX(left, 1ULL); left && length; left--, gva += length)
		length = show_memory(&vm->vcpu, gva, form, size);
	return true;
}
