/* SPDX-License-Identifier: MIT */
/*
 * The parts of vmx/ that execute no instruction: the choice of controls, what
 * firmware and a hypervisor below have left on, the table of fields, the words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/cpuid.h"
#include "arch/x86/exception.h"
#include "arch/x86/regs.h"
#include "vmx/controls.h"
#include "vmx/exit_qualification.h"
#include "vmx/events/inject.h"
#include "vmx/platform.h"
#include "vmx/vmcs_fields.h"
#include "vmx/report/words.h"

/* --- Controls --------------------------------------------------------------- */

/* Controls that must be 1 on the first processors (SDM vol. 3D, A.2 to A.5). */
#define PIN_DEFAULT1 0x16U
#define CPU_DEFAULT1 0x0401e172U
#define EXIT_DEFAULT1 0x36dffU
#define ENTRY_DEFAULT1 0x11ffU

static u64 capability_of(u32 must, u32 may)
{
	return (u64)(must | may) << 32 | must;
}

/* All controls that Umbra knows can be 0 and can be 1. */
static struct vmx_capabilities complete_processor(void)
{
	return (struct vmx_capabilities){
		.allowed = { capability_of(PIN_DEFAULT1, ~0U),
			     /* CR3 exiting, bits 15 and 16, is free. */
			     capability_of(0x04006172, ~0U),
			     capability_of(0, ~0U), capability_of(0x36dfb, ~0U),
			     capability_of(0x11fb, ~0U) },
	};
}

/* A Penryn: no secondary controls that count, no loads of EFER. */
static struct vmx_capabilities penryn_processor(void)
{
	return (struct vmx_capabilities){
		.allowed = { capability_of(PIN_DEFAULT1, 0x29),
			     capability_of(CPU_DEFAULT1, 0xb1f99e8c),
			     capability_of(0, 0x41),
			     capability_of(EXIT_DEFAULT1, 0x8200),
			     capability_of(ENTRY_DEFAULT1, 0x200) },
	};
}

static void controls_of_everything(void **state)
{
	struct vmx_capabilities c = complete_processor();
	struct control_refusal refusal;
	struct vmx_controls chosen;

	assert_true(vmx_choose_controls(&c, &chosen, &refusal));
	assert_int_equal(chosen.value[CONTROLS_PIN], PIN_DEFAULT1 | 0x29);
	/* No switched control is on, and INVLPG exiting is not either. */
	assert_int_equal(chosen.value[CONTROLS_CPU] & 0x400204, 0);
	assert_int_equal(chosen.value[CONTROLS_CPU], 0x04006172 | 0xb1198c88);
	assert_int_equal(chosen.value[CONTROLS_CPU2], CPU2_ENABLE_RDTSCP);
	assert_int_equal(chosen.value[CONTROLS_EXIT], 0x36dff | 0x200200);
	assert_int_equal(chosen.value[CONTROLS_ENTRY], 0x11ff | 0x8000);
	assert_true(vmx_switches_efer(&chosen));
}

static void controls_of_penryn(void **state)
{
	struct vmx_capabilities c = penryn_processor();
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
	struct vmx_capabilities c = penryn_processor();
	struct control_refusal refusal;
	struct vmx_controls chosen;

	c.allowed[CONTROLS_CPU] &= ~(CPU_SECONDARY_CONTROLS << 32);
	/* Their MSR does not exist, and must not be read. */
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
		struct vmx_capabilities c = complete_processor();

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

/* Each control as far from its wish as possible: only optional ones may be. */
static void controls_refused(void **state)
{
	for (int set = 0; set < CONTROL_SETS; set++) {
		const struct control_table *table = &control_tables[set];

		for (size_t i = 0; i < table->count; i++) {
			const struct control *control = &table->controls[i];
			u64 bit = BIT(control->bit);
			struct vmx_capabilities never = complete_processor();
			struct vmx_capabilities always = complete_processor();
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
		/* The bits of SENTER and SGX don't count. */
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

/* SDM vol. 3C, 24.11.2. */
enum vmcs_width {
	VMCS_WIDTH_16,
	VMCS_WIDTH_64,
	VMCS_WIDTH_32,
	VMCS_WIDTH_NATURAL
};

static enum vmcs_width vmcs_field_width(enum vmcs_field field)
{
	return (enum vmcs_width)(field >> 13 & 3);
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

static void assert_exit(enum vmx_exit_reason reason, u64 qualification,
			const char *words)
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
	assert_exit(EXIT_INVALID_GUEST_STATE, 0,
		    "the guest state breaks a rule of SDM vol. 3C, 26.3.1");
	assert_exit(EXIT_INVALID_GUEST_STATE, 7, "cause 0x7");
	assert_exit(EXIT_MSR_LOADING, 1, "entry 1 of the MSR-load area");
	assert_exit(EXIT_HLT, 0x1234, "");

	assert_string_equal(
		words_for_exit(buf, EXIT_EXCEPTION_OR_NMI, 0x1000,
			       VMX_INTR(INTR_HARDWARE_EXCEPTION, VECTOR_PF),
			       PFEC_P | PFEC_RSVD | PFEC_U | PFEC_W),
		"#PF at 0x1000 (user write, reserved bit)");
	assert_string_equal(
		words_for_exit(buf, EXIT_EXCEPTION_OR_NMI, DR6_BS | BIT(2),
			       VMX_INTR(INTR_HARDWARE_EXCEPTION, VECTOR_DB), 0),
		"#DB: B2 BS");
}

static void event_and_rights_words(void **state)
{
	char buf[WORDS_MAX];

	assert_string_equal(words_for_event(buf, 0, 0), "none");
	assert_string_equal(
		words_for_event(buf,
				VMX_INTR(INTR_HARDWARE_EXCEPTION, VECTOR_GP) |
					VMX_INTR_ERROR_CODE |
					VMX_INTR_NMI_UNBLOCKED,
				0x18),
		"hardware exception, vector 0xd (#GP), error code 0x18, "
		"NMIs unblocked by IRET");
	assert_string_equal(
		words_for_event(buf, VMX_INTR(INTR_EXTERNAL, 0x30), 0),
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

/* Any field gives an index; bits 31:16 have other meanings (table 24-15). */
static void exit_reasons(void **state)
{
	assert_int_equal(vmx_exit_reason(0), EXIT_EXCEPTION_OR_NMI);
	assert_int_equal(vmx_exit_reason(55), EXIT_XSETBV);
	assert_int_equal(vmx_exit_reason(56), EXIT_UNKNOWN);
	for (u32 n = 0; n <= EXIT_UNKNOWN; n++)
		assert_int_equal(exit_is_instruction(n),
				 n >= EXIT_CPUID && n <= EXIT_WRMSR);
	/* Table 27-1 and the other tables of 27.2.1 that Umbra uses. */
	assert_true(exit_has_qualification(EXIT_EXCEPTION_OR_NMI));
	assert_true(exit_has_qualification(EXIT_TASK_SWITCH));
	assert_true(exit_has_qualification(EXIT_INVLPG));
	assert_true(exit_has_qualification(EXIT_CR_ACCESS));
	assert_true(exit_has_qualification(EXIT_IO_INSTRUCTION));
	assert_false(exit_has_qualification(EXIT_CPUID));
	assert_false(exit_has_qualification(EXIT_UNKNOWN));
	assert_int_equal(vmx_exit_reason(0xffff), EXIT_UNKNOWN);
	assert_int_equal(vmx_exit_reason(EXIT_REASON_ENTRY_FAILURE | 33),
			 EXIT_INVALID_GUEST_STATE);
	/* In an enclave (bit 27), and from VMX root operation (bit 29). */
	assert_int_equal(vmx_exit_reason(BIT(27) | BIT(29) | 48),
			 EXIT_EPT_VIOLATION);
	assert_string_equal(vmx_exit_name(EXIT_UNKNOWN),
			    "reason unknown to Umbra");
	assert_string_equal(vmx_exit_name(vmx_exit_reason(35)),
			    "reason unknown to Umbra");
}

static void names(void **state)
{
	for (u32 n = 0; n < 256; n++) {
		assert_non_null(vmx_exit_name(vmx_exit_reason(n)));
		assert_non_null(exception_name(n));
		assert_non_null(exception_text(n));
		assert_non_null(vmx_instruction_error_text(n));
	}
	assert_string_equal(vmx_exit_name(EXIT_INVALID_GUEST_STATE),
			    "VM-entry failure: invalid guest state");
	assert_string_equal(vmx_exit_name(55), "XSETBV");
	assert_string_equal(exception_name(VECTOR_AC), "#AC");
	assert_string_equal(exception_text(VECTOR_AC), "alignment");
	assert_string_equal(exception_name(15), "reserved exception");
	assert_string_equal(exception_text(15), "unknown");
	assert_string_equal(exception_name(0x80), "interrupt");
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
		cmocka_unit_test(feature_control),
		cmocka_unit_test(hypervisors),
		cmocka_unit_test(fields),
		cmocka_unit_test(qualifications),
		cmocka_unit_test(event_and_rights_words),
		cmocka_unit_test(exit_reasons),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
