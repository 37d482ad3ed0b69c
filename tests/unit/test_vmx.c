/* SPDX-License-Identifier: MIT */
/*
 * What of vmx/ executes no instruction: the choice of controls, the rules of
 * the control registers, exceptions that meet, the table of fields, the words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/cpuid.h"
#include "arch/x86/regs.h"
#include "vmx/controls.h"
#include "vmx/cr_rules.h"
#include "vmx/exit_qualification.h"
#include "vmx/inject.h"
#include "vmx/platform.h"
#include "vmx/vmcs_fields.h"
#include "vmx/words.h"

/* --- Controls --------------------------------------------------------------- */

/* What must be 1 on the first processors (SDM vol. 3D, A.2 to A.5). */
#define PIN_DEFAULT1 0x16U
#define CPU_DEFAULT1 0x0401e172U
#define EXIT_DEFAULT1 0x36dffU
#define ENTRY_DEFAULT1 0x11ffU

static u64 allow(u32 must, u32 may)
{
	return (u64)(must | may) << 32 | must;
}

/* All that Umbra knows of can be 0 and can be 1. */
static struct vmx_capabilities everything(void)
{
	return (struct vmx_capabilities){
		.allowed = { allow(PIN_DEFAULT1, ~0U),
			     /* CR3 exiting, bits 15 and 16, is free. */
			     allow(0x04006172, ~0U), allow(0, ~0U),
			     allow(0x36dfb, ~0U), allow(0x11fb, ~0U) },
	};
}

/* A Penryn: no secondary controls that matter, no loads of EFER. */
static struct vmx_capabilities penryn(void)
{
	return (struct vmx_capabilities){
		.allowed = { allow(PIN_DEFAULT1, 0x29),
			     allow(CPU_DEFAULT1, 0xb1f99e8c), allow(0, 0x41),
			     allow(EXIT_DEFAULT1, 0x8200),
			     allow(ENTRY_DEFAULT1, 0x200) },
	};
}

static void controls_of_everything(void **state)
{
	struct vmx_capabilities c = everything();
	struct control_refusal refusal;
	struct vmx_controls chosen;

	assert_true(vmx_choose_controls(&c, &chosen, &refusal));
	assert_int_equal(chosen.value[CONTROLS_PIN], PIN_DEFAULT1 | 0x29);
	/* Nothing that is switched is on, and neither is INVLPG exiting. */
	assert_int_equal(chosen.value[CONTROLS_CPU] & 0x400204, 0);
	assert_int_equal(chosen.value[CONTROLS_CPU], 0x04006172 | 0xb1198c88);
	assert_int_equal(chosen.value[CONTROLS_CPU2], CPU2_ENABLE_RDTSCP);
	assert_int_equal(chosen.value[CONTROLS_EXIT], 0x36dff | 0x200200);
	assert_int_equal(chosen.value[CONTROLS_ENTRY], 0x11ff | 0x8000);
	assert_true(vmx_switches_efer(&chosen));
}

static void controls_of_penryn(void **state)
{
	struct vmx_capabilities c = penryn();
	struct control_refusal refusal;
	struct vmx_controls chosen;

	assert_true(vmx_choose_controls(&c, &chosen, &refusal));
	assert_true(vmx_has(&chosen, CONTROLS_CPU, CPU_SECONDARY_CONTROLS));
	assert_int_equal(chosen.value[CONTROLS_CPU2], 0);
	assert_false(vmx_switches_efer(&chosen));
	assert_int_equal(chosen.value[CONTROLS_EXIT], EXIT_DEFAULT1 | 0x200);
	assert_int_equal(chosen.value[CONTROLS_ENTRY], ENTRY_DEFAULT1);
}

static void controls_without_secondary(void **state)
{
	struct vmx_capabilities c = penryn();
	struct control_refusal refusal;
	struct vmx_controls chosen;

	c.allowed[CONTROLS_CPU] &= ~(CPU_SECONDARY_CONTROLS << 32);
	/* Their MSR is not there, and must not be looked at. */
	c.allowed[CONTROLS_CPU2] = ~0ULL;
	memset(&chosen, 0xff, sizeof(chosen));
	assert_true(vmx_choose_controls(&c, &chosen, &refusal));
	assert_int_equal(chosen.value[CONTROLS_CPU2], 0);
}

static void efer_both_ways_or_none(void **state)
{
	struct control_refusal refusal;
	struct vmx_controls chosen;

	for (int set = CONTROLS_EXIT; set <= CONTROLS_ENTRY; set++) {
		struct vmx_capabilities c = everything();

		c.allowed[set] &=
			~((set == CONTROLS_EXIT ? EXIT_LOAD_IA32_EFER
						: ENTRY_LOAD_IA32_EFER)
			  << 32);
		assert_true(vmx_choose_controls(&c, &chosen, &refusal));
		assert_false(
			vmx_has(&chosen, CONTROLS_EXIT, EXIT_LOAD_IA32_EFER));
		assert_false(
			vmx_has(&chosen, CONTROLS_ENTRY, ENTRY_LOAD_IA32_EFER));
	}
}

/* Every control, as far from its wish as can be: only optional ones may be. */
static void controls_refused(void **state)
{
	for (int set = 0; set < CONTROL_SETS; set++) {
		const struct control_table *table = &control_tables[set];

		for (size_t i = 0; i < table->count; i++) {
			const struct control *control = &table->controls[i];
			u64 bit = BIT(control->bit);
			struct vmx_capabilities never = everything();
			struct vmx_capabilities always = everything();
			struct control_refusal refusal;
			struct vmx_controls chosen;
			bool ok;

			never.allowed[set] &= ~(bit << 32);
			ok = vmx_choose_controls(&never, &chosen, &refusal);
			assert_int_equal(
				ok,
				control->want == CONTROL_OFF ||
					control->want == CONTROL_OPTIONAL ||
					control->want == CONTROL_SWITCHABLE);
			if (!ok) {
				assert_ptr_equal(refusal.control, control);
				assert_int_equal(refusal.set, set);
				assert_int_equal(refusal.msr_bit,
						 control->bit + 32);
			}
			always.allowed[set] |= bit;
			ok = vmx_choose_controls(&always, &chosen, &refusal);
			assert_int_equal(
				ok, control->want == CONTROL_REQUIRED ||
					    control->want == CONTROL_OPTIONAL);
			if (!ok) {
				assert_ptr_equal(refusal.control, control);
				assert_int_equal(refusal.msr_bit, control->bit);
			}
		}
	}
}

static void control_tables_consistent(void **state)
{
	for (int set = 0; set < CONTROL_SETS; set++) {
		const struct control_table *table = &control_tables[set];

		assert_string_not_equal(vmcs_field_name(table->field),
					"unknown field");
		for (size_t i = 1; i < table->count; i++)
			assert_true(table->controls[i].bit >
				    table->controls[i - 1].bit);
	}
}

/* --- Control registers ------------------------------------------------------ */

static const struct cr_state unpaged = { .cr0 = CR0_PE };
static const struct cr_state long_mode = {
	.cr0 = CR0_PE | CR0_PG,
	.cr4 = CR4_PAE,
	.efer = EFER_LME | EFER_LMA,
	.cs_long = true,
};

static void cr0_rules(void **state)
{
	struct cr_state s = unpaged;

	assert_true(cr0_load_valid(&s, CR0_PE | CR0_TS));
	assert_false(cr0_load_valid(&s, CR0_PG));
	assert_false(cr0_load_valid(&s, CR0_PE | CR0_NW));
	assert_true(cr0_load_valid(&s, CR0_PE | CR0_NW | CR0_CD));
	assert_false(cr0_load_valid(&s, CR0_PE | BIT(32)));
	/* Reserved bits of the lower half are ignored. */
	assert_true(cr0_load_valid(&s, CR0_PE | BIT(7)));
	/* Long mode takes PAE, and not from 64-bit code. */
	s.efer = EFER_LME;
	assert_false(cr0_load_valid(&s, CR0_PE | CR0_PG));
	s.cr4 = CR4_PAE;
	assert_true(cr0_load_valid(&s, CR0_PE | CR0_PG));
	s.cs_long = true;
	assert_false(cr0_load_valid(&s, CR0_PE | CR0_PG));
	/* And it is not left from 64-bit code either. */
	s = long_mode;
	assert_false(cr0_load_valid(&s, CR0_PE));
	assert_true(cr0_load_valid(&s, CR0_PE | CR0_PG | CR0_WP));
	s.cs_long = false;
	assert_true(cr0_load_valid(&s, CR0_PE));

	assert_int_equal(efer_after_cr0(EFER_LME, CR0_PE | CR0_PG),
			 EFER_LME | EFER_LMA);
	assert_int_equal(efer_after_cr0(EFER_LME | EFER_LMA, CR0_PE), EFER_LME);
	assert_int_equal(efer_after_cr0(EFER_NXE, CR0_PE | CR0_PG), EFER_NXE);
}

static void cr3_cr4_efer_rules(void **state)
{
	struct cr_features f = { .cr4 = CR4_PAE | CR4_PGE,
				 .efer = EFER_LME | EFER_NXE };

	assert_true(cr3_load_valid(&long_mode, BIT(39) | 0xfff, 40));
	assert_false(cr3_load_valid(&long_mode, BIT(40), 40));
	assert_false(cr3_load_valid(&long_mode, BIT(63), 40));
	assert_true(cr3_load_valid(&unpaged, 0xffffffff, 32));

	assert_true(cr4_load_valid(&unpaged, 0, &f));
	assert_false(cr4_load_valid(&long_mode, CR4_PGE, &f));
	assert_true(cr4_load_valid(&long_mode, CR4_PAE | CR4_PGE, &f));
	assert_false(cr4_load_valid(&long_mode, CR4_PAE | CR4_VMXE, &f));

	assert_true(efer_load_valid(&unpaged, EFER_LME, &f));
	assert_false(efer_load_valid(&unpaged, EFER_SCE, &f));
	assert_false(efer_load_valid(&long_mode, EFER_NXE, &f));
	assert_true(efer_load_valid(&long_mode, EFER_LME | EFER_NXE, &f));
	/* LMA may be written, but that is in vain. */
	assert_true(efer_load_valid(&unpaged, EFER_LMA, &f));
}

static void features_by_cpuid(void **state)
{
	struct cr_cpuid shown;
	struct cr_features f;

	memset(&shown, 0, sizeof(shown));
	f = cr_features_by_cpuid(&shown);
	assert_int_equal(f.cr4, CR4_PCE);
	assert_int_equal(f.efer, 0);
	shown.features_7.ecx = CPUID_7_ECX_UMIP;
	shown.features.edx = CPUID_1_EDX_PAE | CPUID_1_EDX_VME;
	shown.ext_features.edx = CPUID_EXT_EDX_NX;
	shown.xstate.eax = 7;
	shown.address_size.eax = 0x3027;
	f = cr_features_by_cpuid(&shown);
	assert_int_equal(f.cr4,
			 CR4_PCE | CR4_UMIP | CR4_PAE | CR4_VME | CR4_PVI);
	assert_int_equal(f.efer, EFER_NXE);
	assert_int_equal(f.xcr0, 7);
	assert_int_equal(f.maxphyaddr, 39);
}

/* Of a processor that has all, with what the policy lets through. */
static void features_by_policy(void **state)
{
	const struct cpuid_regs host = { ~0U, ~0U, ~0U, ~0U };
	const struct cpuid_policy_input input = { .smep = true, .xsave = true };
	struct cr_cpuid shown;
	struct cr_features f;

	cpuid_policy(CPUID_FEATURES, 0, &host, &input, &shown.features);
	cpuid_policy(CPUID_FEATURES_7, 0, &host, &input, &shown.features_7);
	cpuid_policy(CPUID_XSTATE, 0, &host, &input, &shown.xstate);
	cpuid_policy(CPUID_EXT_FEATURES, 0, &host, &input, &shown.ext_features);
	cpuid_policy(CPUID_ADDRESS_SIZE, 0, &host, &input, &shown.address_size);
	f = cr_features_by_cpuid(&shown);
	assert_int_equal(f.cr4, CR4_VME | CR4_PVI | CR4_TSD | CR4_DE | CR4_PSE |
					CR4_PAE | CR4_PGE | CR4_PCE |
					CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_UMIP |
					CR4_FSGSBASE | CR4_OSXSAVE | CR4_SMEP);
	assert_int_equal(f.efer, EFER_SCE | EFER_LME | EFER_NXE);
	assert_int_equal(f.xcr0, GUEST_XCR0_ALLOWED);
}

static void xcr0_rules(void **state)
{
	struct cr_features f = { .xcr0 = 7 };

	assert_true(xcr0_load_valid(1, &f));
	assert_true(xcr0_load_valid(3, &f));
	assert_true(xcr0_load_valid(7, &f));
	assert_false(xcr0_load_valid(0, &f));
	assert_false(xcr0_load_valid(2, &f));
	assert_false(xcr0_load_valid(5, &f));
	assert_false(xcr0_load_valid(0xf, &f));
	assert_false(xcr0_load_valid(BIT(63) | 1, &f));
	f.xcr0 = 3; /* a processor without AVX */
	assert_false(xcr0_load_valid(7, &f));
}

/* --- Events ----------------------------------------------------------------- */

static const u8 benign[] = { VECTOR_DB, VECTOR_NMI, VECTOR_BP, VECTOR_OF,
			     VECTOR_BR, VECTOR_UD,  VECTOR_NM, VECTOR_MF,
			     VECTOR_AC, VECTOR_MC,  VECTOR_XM };
static const u8 contributory[] = { VECTOR_DE, VECTOR_TS, VECTOR_NP,
				   VECTOR_SS, VECTOR_GP, VECTOR_CP };
static const u8 page_fault[] = { VECTOR_PF, VECTOR_VE };
static const u8 double_fault[] = { VECTOR_DF };

#define CLASS(array)                                                           \
	{                                                                      \
		array, ARRAY_SIZE(array)                                       \
	}

static const struct {
	const u8 *vectors;
	size_t count;
} classes[] = { CLASS(benign), CLASS(contributory), CLASS(page_fault),
		CLASS(double_fault) };

/* SDM vol. 3A, table 6-5 and the text below it; rows: the first exception. */
static const enum combined_event table_6_5[4][3] = {
	{ EVENT_SECOND, EVENT_SECOND, EVENT_SECOND },
	{ EVENT_SECOND, EVENT_DOUBLE_FAULT, EVENT_SECOND },
	{ EVENT_SECOND, EVENT_DOUBLE_FAULT, EVENT_DOUBLE_FAULT },
	{ EVENT_SECOND, EVENT_TRIPLE_FAULT, EVENT_TRIPLE_FAULT },
};

static u32 event(enum vmx_intr_type type, u8 vector)
{
	return VMX_INTR_VALID | type << 8 | vector;
}

static void exceptions_meet(void **state)
{
	for (int a = 0; a < 4; a++)
		for (int b = 0; b < 3; b++)
			for (size_t i = 0; i < classes[a].count; i++)
				for (size_t j = 0; j < classes[b].count; j++)
					assert_int_equal(
						combine_events(
							event(INTR_HARDWARE_EXCEPTION,
							      classes[a].vectors
								      [i]),
							classes[b].vectors[j]),
						table_6_5[a][b]);
}

/* Interrupts and software events are benign, whatever their vector. */
static void interrupts_are_benign(void **state)
{
	static const enum vmx_intr_type types[] = {
		INTR_EXTERNAL, INTR_NMI, INTR_SOFTWARE_INTERRUPT,
		INTR_PRIVILEGED_SOFTWARE_EXCEPTION, INTR_SOFTWARE_EXCEPTION
	};

	assert_int_equal(combine_events(0, VECTOR_GP), EVENT_SECOND);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		assert_int_equal(
			combine_events(event(types[i], VECTOR_PF), VECTOR_PF),
			EVENT_SECOND);
		assert_int_equal(
			combine_events(event(types[i], VECTOR_DF), VECTOR_GP),
			EVENT_SECOND);
	}
}

static void debug_registers(void **state)
{
	u64 dr6 = DR6_RESET | DR6_BD | BIT(1);

	/* B0 to B3 are this exception's, BD and BS stay until cleared. */
	assert_int_equal(dr6_after_debug(dr6, DR6_BS),
			 DR6_RESET | DR6_BD | DR6_BS);
	assert_int_equal(dr6_after_debug(DR6_RESET | DR6_BS, BIT(0)),
			 DR6_RESET | DR6_BS | BIT(0));
	/* The qualification's other bits are no bits of DR6. */
	assert_int_equal(dr6_after_debug(DR6_RESET, BIT(12) | BIT(16)),
			 DR6_RESET);
}

static void canonical(void **state)
{
	assert_true(is_canonical(0x7fffffffffffULL));
	assert_false(is_canonical(0x800000000000ULL));
	assert_false(is_canonical(0xffff7fffffffffffULL));
	assert_true(is_canonical(0xffff800000000000ULL));
	assert_true(is_canonical(~0ULL));
}

/* --- The firmware and a hypervisor below ------------------------------------ */

static void feature_control(void **state)
{
	static const enum feature_control verdicts[8] = {
		/* bits 2 (VMX outside SMX), 1 (VMX inside SMX) and 0 (lock) */
		[0] = FEATURE_CONTROL_OPEN, [1] = FEATURE_CONTROL_OFF,
		[2] = FEATURE_CONTROL_OPEN, [3] = FEATURE_CONTROL_SMX_ONLY,
		[4] = FEATURE_CONTROL_OPEN, [5] = FEATURE_CONTROL_ON,
		[6] = FEATURE_CONTROL_OPEN, [7] = FEATURE_CONTROL_ON,
	};

	for (u64 value = 0; value < 8; value++) {
		enum feature_control verdict = feature_control_judge(value);

		assert_int_equal(verdict, verdicts[value]);
		/* SENTER's and SGX's bits have no say. */
		assert_int_equal(feature_control_judge(value | 0x6ff00),
				 verdict);
		assert_non_null(feature_control_words(verdict));
	}
}

static void hypervisors(void **state)
{
	assert_string_equal(hypervisor_find("KVMKVMKVM\0\0\0")->name, "KVM");
	assert_string_equal(hypervisor_find("Microsoft Hv")->name, "Hyper-V");
	assert_string_equal(hypervisor_find("VBoxVBoxVBox")->name,
			    "VirtualBox");
	assert_null(hypervisor_find("KVMKVMKVMKVM")->signature);
	assert_non_null(hypervisor_find("            ")->remedy);
}

/* --- Fields and words ------------------------------------------------------- */

static bool ends_with(const char *name, const char *end)
{
	size_t length = strlen(name), tail = strlen(end);

	return length >= tail && strcmp(name + length - tail, end) == 0;
}

static void fields(void **state)
{
	for (size_t i = 0; i < VMCS_FIELD_COUNT; i++) {
		enum vmcs_field field = vmcs_fields[i].encoding;
		const char *name = vmcs_fields[i].name;

		/* Bits 0 (high half), 12 and 31:15 are 0 (SDM 24.11.2). */
		assert_int_equal(field & ~0x6ffeU, 0);
		/* The table is in the order of the encodings: they differ. */
		if (i)
			assert_true(field > vmcs_fields[i - 1].encoding);
		if (strncmp(name, "GUEST_", 6) == 0 &&
		    strcmp(name, "GUEST_PHYSICAL_ADDRESS") != 0 &&
		    strcmp(name, "GUEST_LINEAR_ADDRESS") != 0)
			assert_int_equal(vmcs_field_kind(field), VMCS_GUEST);
		if (strncmp(name, "HOST_", 5) == 0)
			assert_int_equal(vmcs_field_kind(field), VMCS_HOST);
		if (ends_with(name, "_SELECTOR"))
			assert_int_equal(vmcs_field_width(field),
					 VMCS_WIDTH_16);
		if (ends_with(name, "_BASE"))
			assert_int_equal(vmcs_field_width(field),
					 VMCS_WIDTH_NATURAL);
		if (ends_with(name, "_LIMIT") || ends_with(name, "_RIGHTS") ||
		    ends_with(name, "_COUNT"))
			assert_int_equal(vmcs_field_width(field),
					 VMCS_WIDTH_32);
		assert_string_equal(vmcs_field_name(field), name);
	}
	assert_int_equal(vmcs_field_kind(VMCS_EXIT_REASON),
			 VMCS_EXIT_INFORMATION);
	assert_int_equal(vmcs_field_kind(VMCS_EXCEPTION_BITMAP), VMCS_CONTROL);
	assert_string_equal(vmcs_field_name(0x7ffe), "unknown field");
}

static void assert_exit(u32 reason, u64 qualification, const char *words)
{
	char buf[WORDS_MAX];

	assert_string_equal(words_for_exit(buf, reason, qualification, 0, 0),
			    words);
}

static void qualifications(void **state)
{
	char buf[WORDS_MAX];

	assert_exit(EXIT_CR_ACCESS, 0x703, "MOV CR3, RDI");
	assert_exit(EXIT_CR_ACCESS, 0x818, "MOV R8, CR8");
	assert_exit(EXIT_CR_ACCESS, 0x20, "CLTS");
	assert_exit(EXIT_CR_ACCESS, 0x80010030, "LMSW of 0x8001");
	assert_exit(EXIT_MOV_DR, 0x317, "MOV RBX, DR7");
	assert_exit(EXIT_MOV_DR, 0x6, "MOV DR6, RAX");
	assert_exit(EXIT_IO_INSTRUCTION, 0x3f80000, "OUT port 0x3f8, 1 byte");
	assert_exit(EXIT_IO_INSTRUCTION, 0x1f0003b,
		    "REP INS port 0x1f0, 4 bytes");
	assert_exit(EXIT_TASK_SWITCH, 0x80000028,
		    "to TSS selector 0x28 by JMP");
	assert_exit(EXIT_INVALID_GUEST_STATE | EXIT_REASON_ENTRY_FAILURE, 0,
		    "the guest state breaks a rule of SDM vol. 3C, 26.3.1");
	assert_exit(EXIT_INVALID_GUEST_STATE, 7, "cause 0x7");
	assert_exit(EXIT_MSR_LOADING, 1, "entry 1 of the MSR-load area");
	assert_exit(EXIT_HLT, 0x1234, "");

	assert_string_equal(
		words_for_exit(buf, EXIT_EXCEPTION_OR_NMI, 0x1000,
			       event(INTR_HARDWARE_EXCEPTION, VECTOR_PF),
			       PFEC_P | PFEC_RSVD | PFEC_U | PFEC_W),
		"#PF at 0x1000 (user write, reserved bit)");
	assert_string_equal(
		words_for_exit(buf, EXIT_EXCEPTION_OR_NMI, DR6_BS | BIT(2),
			       event(INTR_HARDWARE_EXCEPTION, VECTOR_DB), 0),
		"#DB: B2 BS");
}

static void event_and_rights_words(void **state)
{
	char buf[WORDS_MAX];

	assert_string_equal(words_for_event(buf, 0, 0), "none");
	assert_string_equal(
		words_for_event(buf,
				event(INTR_HARDWARE_EXCEPTION, VECTOR_GP) |
					VMX_INTR_ERROR_CODE |
					VMX_INTR_NMI_UNBLOCKED,
				0x18),
		"hardware exception, vector 0xd (#GP), error code 0x18, "
		"NMIs unblocked by IRET");
	assert_string_equal(words_for_event(buf, event(INTR_EXTERNAL, 0x30), 0),
			    "external interrupt, vector 0x30 (interrupt)");
	assert_string_equal(words_for_rights(buf, 0xa09b),
			    "code, readable, DPL 0, 64-bit");
	assert_string_equal(words_for_rights(buf, 0xc0f3),
			    "data, writable, DPL 3, 32-bit");
	assert_string_equal(words_for_rights(buf, 0x8b), "busy TSS, DPL 0");
	assert_string_equal(words_for_rights(buf, 0x1c09b), "unusable");
	assert_string_equal(words_for_page_fault(buf, PFEC_I | PFEC_P),
			    "supervisor fetch, protection");
	assert_string_equal(words_for_cr4(buf, CR4_PAE | CR4_SMEP),
			    " PAE SMEP");
	/* All of them fit. */
	assert_true(strlen(words_for_cr4(buf, ~0ULL)) < WORDS_MAX - 1);
	assert_true(strlen(words_for_rflags(buf, ~0ULL)) < WORDS_MAX - 1);
}

static void names(void **state)
{
	for (u32 n = 0; n < 256; n++) {
		assert_non_null(vmx_exit_name(n));
		assert_non_null(vmx_vector_name(n));
		assert_non_null(vmx_instruction_error_text(n));
	}
	assert_string_equal(vmx_exit_name(EXIT_REASON_ENTRY_FAILURE | 33),
			    "VM-entry failure: invalid guest state");
	assert_string_equal(vmx_exit_name(79), "WRMSRLIST");
	assert_string_equal(vmx_vector_name(VECTOR_AC), "#AC");
	assert_string_equal(vmx_vector_name(15), "reserved exception");
	assert_string_equal(vmx_vector_name(0x80), "interrupt");
	assert_string_equal(vmx_instruction_error_text(7),
			    "VM entry with invalid control field(s)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(controls_of_everything),
		cmocka_unit_test(controls_of_penryn),
		cmocka_unit_test(controls_without_secondary),
		cmocka_unit_test(efer_both_ways_or_none),
		cmocka_unit_test(controls_refused),
		cmocka_unit_test(control_tables_consistent),
		cmocka_unit_test(cr0_rules),
		cmocka_unit_test(cr3_cr4_efer_rules),
		cmocka_unit_test(features_by_cpuid),
		cmocka_unit_test(features_by_policy),
		cmocka_unit_test(xcr0_rules),
		cmocka_unit_test(exceptions_meet),
		cmocka_unit_test(interrupts_are_benign),
		cmocka_unit_test(debug_registers),
		cmocka_unit_test(canonical),
		cmocka_unit_test(feature_control),
		cmocka_unit_test(hypervisors),
		cmocka_unit_test(fields),
		cmocka_unit_test(qualifications),
		cmocka_unit_test(event_and_rights_words),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
