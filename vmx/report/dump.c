/* SPDX-License-Identifier: MIT */
#include <stdarg.h>

#include "arch/x86/cpu.h"
#include "vmx/vm.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "vmx/report/dump.h"
#include "vmx/report/list.h"
#include "mmu/view/view.h"
#include "vmx/exit.h"
#include "vmx/guest_mode.h"
#include "vmx/state.h"

static void print_bits(const char *name, u64 value,
		       const char *(*in_words)(char *buf, u64 value))
{
	char words[WORDS_MAX];

	log_info("  %-8s 0x%016lx%s", name, value, in_words(words, value));
}

static void print_registers(const struct vcpu *vcpu)
{
	static const char *const names[GPR_COUNT] = {
		"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
		"r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15",
	};
	const u64 *gpr = vcpu->regs.gpr;

	for (int i = 0; i < GPR_COUNT; i += 4)
		log_info("  %-3s %016lx %-3s %016lx %-3s %016lx %-3s %016lx",
			 names[i], gpr[i], names[i + 1], gpr[i + 1],
			 names[i + 2], gpr[i + 2], names[i + 3], gpr[i + 3]);
	log_info("  rip %016lx cr2 %016lx cr3 %016lx (shadow %016lx)",
		 (u64)vmread(VMCS_GUEST_RIP), cr2_read(), vcpu->paging.cr3,
		 (u64)vmread(VMCS_GUEST_CR3));
	print_bits("rflags", vcpu->regs.rflags, words_for_rflags);
	print_bits("cr0", vcpu_cr0(vcpu), words_for_cr0);
	print_bits("cr4", vcpu_cr4(vcpu), words_for_cr4);
	print_bits("efer", vcpu->paging.efer, words_for_efer);
}

static void print_segments(void)
{
	static const char *const names[] = { "es", "cs", "ss",	 "ds",
					     "fs", "gs", "ldtr", "tr" };
	char words[WORDS_MAX];

	/* The fields of the eight registers lie 2 apart. */
	for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
		u32 rights = vmread(VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * i);

		log_info("  %-4s %04lx base %016lx limit %08lx %05x %s",
			 names[i], vmread(VMCS_GUEST_ES_SELECTOR + 2 * i),
			 vmread(VMCS_GUEST_ES_BASE + 2 * i),
			 vmread(VMCS_GUEST_ES_LIMIT + 2 * i), rights,
			 words_for_rights(words, rights));
	}
	log_info("  gdtr      base %016lx limit %08lx",
		 vmread(VMCS_GUEST_GDTR_BASE), vmread(VMCS_GUEST_GDTR_LIMIT));
	log_info("  idtr      base %016lx limit %08lx",
		 vmread(VMCS_GUEST_IDTR_BASE), vmread(VMCS_GUEST_IDTR_LIMIT));
}

static void print_code(struct vcpu *vcpu)
{
	char text[3 * INSN_MAX_LENGTH + 1] = "";
	u8 code[INSN_MAX_LENGTH];
	gva_t gva = linear_rip(vcpu_code_mode(vcpu), vmread(VMCS_GUEST_CS_BASE),
			       vcpu->regs.rip);
	size_t length = mmu_peek(&vcpu->paging, gva, code, sizeof(code));

	for (size_t i = 0; i < length; i++)
		snappend(text, sizeof(text), " %02x", code[i]);
	log_info("  code at rip:%s", length ? text : " not mapped");
}

/* Prints the controls of a field that are 1, some to a line. */
static void print_controls(const struct control_table *table, u32 value)
{
	struct list set = { .head = "      " };

	for (size_t i = 0; i < table->count; i++)
		if (value & BIT(table->controls[i].bit))
			list_add(&set, table->controls[i].name);
	list_end(&set, NULL);
}

/*
 * Returns true if print_segments() has shown the field; also for the
 * VM-instruction error, which a VMREAD of a missing field has overwritten.
 */
static bool is_shown(enum vmcs_field field)
{
	return field == VMCS_VM_INSTRUCTION_ERROR ||
	       (field >= VMCS_GUEST_ES_SELECTOR &&
		field <= VMCS_GUEST_TR_SELECTOR) ||
	       (field >= VMCS_GUEST_ES_LIMIT &&
		field <= VMCS_GUEST_TR_ACCESS_RIGHTS) ||
	       (field >= VMCS_GUEST_ES_BASE && field <= VMCS_GUEST_IDTR_BASE);
}

/* Prints every field of a kind that this processor has. */
static void print_fields(enum vmcs_kind kind, const char *title)
{
	log_info("%s:", title);
	for (size_t i = 0; i < VMCS_FIELD_COUNT; i++) {
		enum vmcs_field field = vmcs_fields[i].encoding;
		u64 value;

		if (vmcs_field_kind(field) != kind || is_shown(field) ||
		    !vmread_safe(field, &value))
			continue;
		log_info("  %-48s 0x%lx", vmcs_fields[i].name, value);
		for (int set = 0; set < CONTROL_SETS; set++)
			if (control_tables[set].field == field)
				print_controls(&control_tables[set], value);
	}
}

static void print_exit(const struct vmx_exit *exit)
{
	char words[WORDS_MAX];

	log_info("exit: reason %u, %s; qualification 0x%lx",
		 (u32)(vmread(VMCS_EXIT_REASON) & EXIT_REASON_BASIC),
		 vmx_exit_name(exit->reason), exit->qualification);
	words_for_exit(words, exit->reason, exit->qualification,
		       exit->interruption, exit->interruption_error);
	if (words[0])
		log_info("  %s", words);
	if (exit->idt_vectoring & VMX_INTR_VALID)
		log_info("  during the delivery of: %s",
			 words_for_event(words, exit->idt_vectoring,
					 exit->idt_vectoring_error));
}

void vmx_dump_registers(struct vcpu *vcpu)
{
	vcpu_load_regs(vcpu);
	vcpu->regs.rip = vmread(VMCS_GUEST_RIP);
	log_info("guest state:");
	print_registers(vcpu);
	print_segments();
	print_bits("blocking", vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE),
		   words_for_interruptibility);
	print_code(vcpu);
}

void vmx_dump(struct vcpu *vcpu)
{
	if (vcpu->launched)
		print_exit(&vcpu->exit);
	vmx_dump_registers(vcpu);
	print_fields(VMCS_GUEST, "guest state, what else there is of it");
	print_fields(VMCS_CONTROL, "controls");
	print_fields(VMCS_EXIT_INFORMATION, "exit information");
	print_fields(VMCS_HOST, "host state");
}
