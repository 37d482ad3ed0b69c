/* SPDX-License-Identifier: MIT */
#include "arch/x86/exception.h"
#include "arch/x86/regs.h"
#include "lib/printf.h"
#include "vmx/exit_qualification.h"
#include "vmx/report/words.h"

const char *vmx_exit_name(enum vmx_exit_reason reason)
{
	static const char *const names[EXIT_REASONS] = {
#define EXIT_REASON_WORDS(name, number, text) [number] = (text),
		VMX_EXIT_REASONS(EXIT_REASON_WORDS)
#undef EXIT_REASON_WORDS
	};

	return names[reason] ? names[reason] : "reason unknown to Umbra";
}

const char *vmx_instruction_error_text(u32 number)
{
	/* Errors of the instructions that Umbra executes: SDM vol. 3C, 30.4. */
	static const char *const text[] = {
		[2] = "VMCLEAR with invalid physical address",
		[3] = "VMCLEAR with VMXON pointer",
		[4] = "VMLAUNCH with non-clear VMCS",
		[5] = "VMRESUME with non-launched VMCS",
		[7] = "VM entry with invalid control field(s)",
		[8] = "VM entry with invalid host-state field(s)",
		[9] = "VMPTRLD with invalid physical address",
		[10] = "VMPTRLD with VMXON pointer",
		[11] = "VMPTRLD with incorrect VMCS revision identifier",
		[12] = "VMREAD/VMWRITE from/to unsupported VMCS component",
		[13] = "VMWRITE to read-only VMCS component",
		[15] = "VMXON executed in VMX root operation",
		[26] = "VM entry with events blocked by MOV SS",
		[28] = "invalid operand to INVEPT/INVVPID",
	};

	if (number < ARRAY_SIZE(text) && text[number])
		return text[number];
	return "no error of an instruction that Umbra executes";
}

struct bit_name {
	u64 bit;
	const char *name;
};

static const char *bits_in_words(char *buf, u64 value,
				 const struct bit_name *names, size_t count)
{
	buf[0] = '\0';
	for (size_t i = 0; i < count; i++)
		if (value & names[i].bit)
			snappend(buf, WORDS_MAX, " %s", names[i].name);
	return buf;
}

#define BITS_IN_WORDS(function, ...)                                           \
	const char *function(char *buf, u64 value)                             \
	{                                                                      \
		static const struct bit_name names[] = { __VA_ARGS__ };        \
                                                                               \
		return bits_in_words(buf, value, names, ARRAY_SIZE(names));    \
	}

/* clang-format off */
#define NAMED(register, name) { register##_##name, #name }

BITS_IN_WORDS(words_for_cr0, NAMED(CR0, PE), NAMED(CR0, MP), NAMED(CR0, EM),
	      NAMED(CR0, TS), NAMED(CR0, ET), NAMED(CR0, NE), NAMED(CR0, WP),
	      NAMED(CR0, AM), NAMED(CR0, NW), NAMED(CR0, CD), NAMED(CR0, PG))
BITS_IN_WORDS(words_for_cr4, NAMED(CR4, VME), NAMED(CR4, PVI), NAMED(CR4, TSD),
	      NAMED(CR4, DE), NAMED(CR4, PSE), NAMED(CR4, PAE), NAMED(CR4, MCE),
	      NAMED(CR4, PGE), NAMED(CR4, PCE), NAMED(CR4, OSFXSR),
	      NAMED(CR4, OSXMMEXCPT), NAMED(CR4, UMIP), NAMED(CR4, LA57),
	      NAMED(CR4, VMXE), NAMED(CR4, SMXE), NAMED(CR4, FSGSBASE),
	      NAMED(CR4, PCIDE), NAMED(CR4, OSXSAVE), NAMED(CR4, SMEP),
	      NAMED(CR4, SMAP), NAMED(CR4, PKE))
BITS_IN_WORDS(words_for_efer, NAMED(EFER, SCE), NAMED(EFER, LME),
	      NAMED(EFER, LMA), NAMED(EFER, NXE))
BITS_IN_WORDS(words_for_rflags, NAMED(RFLAGS, CF), NAMED(RFLAGS, PF),
	      NAMED(RFLAGS, AF), NAMED(RFLAGS, ZF), NAMED(RFLAGS, SF),
	      NAMED(RFLAGS, TF), NAMED(RFLAGS, IF), NAMED(RFLAGS, DF),
	      NAMED(RFLAGS, OF), NAMED(RFLAGS, NT), NAMED(RFLAGS, RF),
	      NAMED(RFLAGS, VM), NAMED(RFLAGS, AC))
BITS_IN_WORDS(words_for_interruptibility,
	      { BLOCKING_BY_STI, "blocking by STI" },
	      { BLOCKING_BY_MOV_SS, "blocking by MOV SS" },
	      { BLOCKING_BY_SMI, "blocking by SMI" },
	      { BLOCKING_BY_NMI, "blocking by NMI" })
/* clang-format on */

/* An exit's qualification has the bits of DR6 (SDM vol. 3C, table 27-1). */
static const struct bit_name debug_bits[] = {
	{ BIT(0), "B0" }, { BIT(1), "B1" }, { BIT(2), "B2" },
	{ BIT(3), "B3" }, { DR6_BD, "BD" }, { DR6_BS, "BS" }
};

const char *words_for_page_fault(char *buf, u32 error_code)
{
	const char *access = "read", *why = "protection";

	if (error_code & PFEC_I)
		access = "fetch";
	else if (error_code & PFEC_W)
		access = "write";
	if (!(error_code & PFEC_P))
		why = "not present";
	else if (error_code & PFEC_RSVD)
		why = "reserved bit";
	else if (error_code & PFEC_PK)
		why = "protection key";
	snprintf(buf, WORDS_MAX, "%s %s, %s",
		 error_code & PFEC_U ? "user" : "supervisor", access, why);
	return buf;
}

const char *words_for_event(char *buf, u32 info, u32 error_code)
{
	static const char *const types[] = {
		[INTR_EXTERNAL] = "external interrupt",
		[1] = "reserved type",
		[INTR_NMI] = "NMI",
		[INTR_HARDWARE_EXCEPTION] = "hardware exception",
		[INTR_SOFTWARE_INTERRUPT] = "software interrupt",
		[INTR_PRIVILEGED_SOFTWARE_EXCEPTION] =
			"privileged software exception",
		[INTR_SOFTWARE_EXCEPTION] = "software exception",
		[INTR_OTHER_EVENT] = "other event",
	};
	unsigned int vector = info & VMX_INTR_VECTOR;

	if (!(info & VMX_INTR_VALID)) {
		snprintf(buf, WORDS_MAX, "none");
		return buf;
	}
	snprintf(buf, WORDS_MAX, "%s, vector 0x%x (%s)",
		 types[vmx_intr_type(info)], vector, exception_name(vector));
	if (info & VMX_INTR_ERROR_CODE)
		snappend(buf, WORDS_MAX, ", error code 0x%x", error_code);
	if (info & VMX_INTR_NMI_UNBLOCKED)
		snappend(buf, WORDS_MAX, ", NMIs unblocked by IRET");
	return buf;
}

static const char *system_segment(unsigned int type)
{
	switch (type) {
	case AR_LDT:
		return "LDT";
	case AR_TSS16_BUSY:
		return "busy 16-bit TSS";
	case AR_TSS_BUSY:
		return "busy TSS";
	default:
		return "reserved type";
	}
}

const char *words_for_rights(char *buf, u32 ar)
{
	const char *kind = system_segment(AR_TYPE(ar));
	const char *extra = "", *mode = "16-bit";

	if (ar & AR_UNUSABLE) {
		snprintf(buf, WORDS_MAX, "unusable");
		return buf;
	}
	if (ar & AR_S && ar & AR_CODE)
		kind = ar & AR_WRITABLE ? "code, readable" : "code";
	else if (ar & AR_S)
		kind = ar & AR_WRITABLE ? "data, writable" : "data";
	if (ar & AR_L)
		mode = "64-bit";
	else if (ar & AR_DB)
		mode = "32-bit";
	if (ar & AR_S && ar & AR_EXPAND_DOWN)
		extra = ar & AR_CODE ? ", conforming" : ", expand-down";
	snprintf(buf, WORDS_MAX, "%s%s, DPL %u%s%s%s", kind, extra, AR_DPL(ar),
		 ar & AR_S ? ", " : "", ar & AR_S ? mode : "",
		 ar & AR_P ? "" : ", not present");
	return buf;
}

static const char *const gpr_names[GPR_COUNT] = {
	"RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI",
	"R8",  "R9",  "R10", "R11", "R12", "R13", "R14", "R15",
};

static void cr_words(char *buf, u64 q)
{
	unsigned int cr = QUAL_CR_NUMBER(q);
	const char *gpr = gpr_names[QUAL_CR_GPR(q)];

	switch (QUAL_CR_TYPE(q)) {
	case CR_ACCESS_MOV_TO:
		snprintf(buf, WORDS_MAX, "MOV CR%u, %s", cr, gpr);
		break;
	case CR_ACCESS_MOV_FROM:
		snprintf(buf, WORDS_MAX, "MOV %s, CR%u", gpr, cr);
		break;
	case CR_ACCESS_CLTS:
		snprintf(buf, WORDS_MAX, "CLTS");
		break;
	case CR_ACCESS_LMSW:
		snprintf(buf, WORDS_MAX, "LMSW of 0x%x",
			 (unsigned int)QUAL_LMSW_SOURCE(q));
		break;
	}
}

static void dr_words(char *buf, u64 q)
{
	const char *gpr = gpr_names[QUAL_DR_GPR(q)];

	if (q & QUAL_DR_FROM)
		snprintf(buf, WORDS_MAX, "MOV %s, DR%u", gpr,
			 QUAL_DR_NUMBER(q));
	else
		snprintf(buf, WORDS_MAX, "MOV DR%u, %s", QUAL_DR_NUMBER(q),
			 gpr);
}

static void io_words(char *buf, u64 q)
{
	const char *name = q & QUAL_IO_IN ? "IN" : "OUT";

	snprintf(buf, WORDS_MAX, "%s%s%s port 0x%x, %u byte%s",
		 q & QUAL_IO_REP ? "REP " : "", name,
		 q & QUAL_IO_STRING ? "S" : "", QUAL_IO_PORT(q),
		 QUAL_IO_SIZE(q), QUAL_IO_SIZE(q) > 1 ? "s" : "");
}

static void task_switch_words(char *buf, u64 q)
{
	static const char *const sources[] = { "CALL", "IRET", "JMP",
					       "a task gate in the IDT" };

	snprintf(buf, WORDS_MAX, "to TSS selector 0x%x by %s",
		 QUAL_TASK_SELECTOR(q), sources[QUAL_TASK_SOURCE(q)]);
}

/* SDM vol. 3C, 26.8. */
static void entry_failure_words(char *buf, u64 q)
{
	static const char *const causes[] = {
		[0] = "the guest state breaks a rule of SDM vol. 3C, 26.3.1",
		[2] = "a reserved bit is set in a PDPTE",
		[3] = "an NMI is injected while MOV SS blocks events",
		[4] = "the VMCS link pointer is invalid",
	};

	if (q < ARRAY_SIZE(causes) && causes[q])
		snprintf(buf, WORDS_MAX, "%s", causes[q]);
	else
		snprintf(buf, WORDS_MAX, "cause 0x%lx", (unsigned long)q);
}

static void exception_words(char *buf, u64 q, u32 info, u32 error_code)
{
	u8 vector = info & VMX_INTR_VECTOR;
	char words[WORDS_MAX];

	if (vector == VECTOR_PF)
		snprintf(buf, WORDS_MAX, "#PF at 0x%lx (%s)", (unsigned long)q,
			 words_for_page_fault(words, error_code));
	else if (vector == VECTOR_DB)
		snprintf(buf, WORDS_MAX, "#DB:%s",
			 bits_in_words(words, q, debug_bits,
				       ARRAY_SIZE(debug_bits)));
	else
		words_for_event(buf, info, error_code);
}

const char *words_for_exit(char *buf, enum vmx_exit_reason reason, u64 q,
			   u32 info, u32 error_code)
{
	buf[0] = '\0';
	switch (reason) {
	case EXIT_EXCEPTION_OR_NMI:
		exception_words(buf, q, info, error_code);
		break;
	case EXIT_TASK_SWITCH:
		task_switch_words(buf, q);
		break;
	case EXIT_INVLPG:
		snprintf(buf, WORDS_MAX, "address 0x%lx", (unsigned long)q);
		break;
	case EXIT_CR_ACCESS:
		cr_words(buf, q);
		break;
	case EXIT_MOV_DR:
		dr_words(buf, q);
		break;
	case EXIT_IO_INSTRUCTION:
		io_words(buf, q);
		break;
	case EXIT_INVALID_GUEST_STATE:
		entry_failure_words(buf, q);
		break;
	case EXIT_MSR_LOADING:
		/* The entries count from 1 (SDM vol. 3C, 26.8). */
		snprintf(buf, WORDS_MAX, "entry %lu of the MSR-load area",
			 (unsigned long)q);
		break;
	default: /* Other reasons have no qualification. */
		break;
	}
	return buf;
}
