/* SPDX-License-Identifier: MIT */
#include <stdarg.h>

#include "arch/x86/cpu.h"
#include "guest/vm.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "vmx/dump.h"
#include "vmx/exit.h"
#include "vmx/state.h"

/* A register's bits by name: what is set is printed. */
struct bit_name {
	u64 bit;
	const char *name;
};

#define NAMES_END                                                              \
	{                                                                      \
		0, NULL                                                        \
	}

static const struct bit_name cr0_names[] = {
	{ CR0_PE, "PE" }, { CR0_MP, "MP" }, { CR0_EM, "EM" }, { CR0_TS, "TS" },
	{ CR0_ET, "ET" }, { CR0_NE, "NE" }, { CR0_WP, "WP" }, { CR0_AM, "AM" },
	{ CR0_NW, "NW" }, { CR0_CD, "CD" }, { CR0_PG, "PG" }, NAMES_END
};
static const struct bit_name cr4_names[] = {
	{ CR4_VME, "VME" },	    { CR4_PVI, "PVI" },
	{ CR4_TSD, "TSD" },	    { CR4_DE, "DE" },
	{ CR4_PSE, "PSE" },	    { CR4_PAE, "PAE" },
	{ CR4_MCE, "MCE" },	    { CR4_PGE, "PGE" },
	{ CR4_PCE, "PCE" },	    { CR4_OSFXSR, "OSFXSR" },
	{ CR4_OSXMMEXCPT, "OSXMMEXCPT" }, { CR4_UMIP, "UMIP" },
	{ CR4_VMXE, "VMXE" },	    { CR4_FSGSBASE, "FSGSBASE" },
	{ CR4_OSXSAVE, "OSXSAVE" }, { CR4_SMEP, "SMEP" },
	{ CR4_SMAP, "SMAP" },	    NAMES_END
};
static const struct bit_name efer_names[] = {
	{ EFER_SCE, "SCE" }, { EFER_LME, "LME" }, { EFER_LMA, "LMA" },
	{ EFER_NXE, "NXE" }, NAMES_END
};
static const struct bit_name rflags_names[] = {
	{ RFLAGS_CF, "CF" }, { RFLAGS_PF, "PF" }, { RFLAGS_AF, "AF" },
	{ RFLAGS_ZF, "ZF" }, { RFLAGS_SF, "SF" }, { RFLAGS_TF, "TF" },
	{ RFLAGS_IF, "IF" }, { RFLAGS_DF, "DF" }, { RFLAGS_OF, "OF" },
	{ RFLAGS_NT, "NT" }, { RFLAGS_RF, "RF" }, { RFLAGS_VM, "VM" },
	{ RFLAGS_AC, "AC" }, NAMES_END
};
static const struct bit_name shadow_names[] = {
	{ BLOCKING_BY_STI, "blocking by STI" },
	{ BLOCKING_BY_MOV_SS, "blocking by MOV SS" },
	{ BLOCKING_BY_NMI, "blocking by NMI" },
	NAMES_END
};

static void print_bits(const char *name, u64 value,
		       const struct bit_name *names)
{
	char text[128] = "";
	size_t length = 0;

	for (; names->name; names++)
		if (value & names->bit)
			length += snprintf(text + length, sizeof(text) - length,
					   " %s", names->name);
	log_info("  %-8s 0x%016lx%s", name, value, text);
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
		 (u64)vmread(VMCS_GUEST_RIP), cr2_read(), vcpu->mmu.cr3,
		 (u64)vmread(VMCS_GUEST_CR3));
	print_bits("rflags", vcpu->regs.rflags, rflags_names);
	print_bits("cr0", vcpu_cr0(vcpu), cr0_names);
	print_bits("cr4", vcpu->mmu.cr4, cr4_names);
	print_bits("efer", vcpu->mmu.efer, efer_names);
}

static void print_segments(void)
{
	static const char *const names[] = { "es", "cs", "ss",	 "ds",
					     "fs", "gs", "ldtr", "tr" };

	/* The fields of the eight registers lie 2 apart. */
	for (u32 i = 0; i < ARRAY_SIZE(names); i++)
		log_info("  %-4s %04lx base %016lx limit %08lx rights %05lx",
			 names[i], vmread(VMCS_GUEST_ES_SELECTOR + 2 * i),
			 vmread(VMCS_GUEST_ES_BASE + 2 * i),
			 vmread(VMCS_GUEST_ES_LIMIT + 2 * i),
			 vmread(VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * i));
	log_info("  gdtr      base %016lx limit %08lx",
		 vmread(VMCS_GUEST_GDTR_BASE), vmread(VMCS_GUEST_GDTR_LIMIT));
	log_info("  idtr      base %016lx limit %08lx",
		 vmread(VMCS_GUEST_IDTR_BASE), vmread(VMCS_GUEST_IDTR_LIMIT));
}

static void print_code(struct vcpu *vcpu)
{
	char text[3 * INSN_MAX_LENGTH + 1] = "";
	u64 base[SEG_COUNT];
	u8 code[INSN_MAX_LENGTH];
	size_t length;

	vcpu_segment_bases(vcpu, base);
	length = mmu_fetch(&vcpu->mmu, base[SEG_CS] + vcpu->regs.rip,
			   PFEC_I | (vcpu_cpl() == 3 ? PFEC_U : 0), code,
			   sizeof(code));
	for (size_t i = 0; i < length; i++)
		snprintf(text + 3 * i, sizeof(text) - 3 * i, " %02x", code[i]);
	log_info("  code at rip:%s", length ? text : " not to be fetched");
}

/*
 * Every field of the controls and of the exit information, and the host's and
 * guest's that the lines above don't show; a field that this processor lacks
 * can't be read and is left out.
 */
static void print_fields(enum vmcs_kind kind, const char *title)
{
	log_info("%s:", title);
	for (size_t i = 0; i < ARRAY_SIZE(vmcs_fields); i++) {
		enum vmcs_field field = vmcs_fields[i].encoding;
		u64 value;

		if (vmcs_field_kind(field) == kind && vmread_safe(field, &value))
			log_info("  %-48s 0x%lx", vmcs_fields[i].name, value);
	}
}

static void print_exit(const struct vcpu *vcpu)
{
	const struct vmx_exit *exit = &vcpu->exit;

	log_info("exit: %s (reason %u), exit qualification 0x%lx",
		 vmx_exit_name(exit->reason),
		 (u32)(exit->reason & EXIT_REASON_BASIC), exit->qualification);
	if (exit->interruption & VMX_INTR_VALID)
		log_info("  by %s, error code 0x%x",
			 vmx_vector_name(exit->interruption & VMX_INTR_VECTOR),
			 exit->interruption_error);
	if (exit->idt_vectoring & VMX_INTR_VALID)
		log_info("  during the delivery of vector 0x%lx, error code "
			 "0x%x",
			 (unsigned long)(exit->idt_vectoring & VMX_INTR_VECTOR),
			 exit->idt_vectoring_error);
}

void vmx_dump(struct vcpu *vcpu)
{
	vcpu_load_regs(vcpu);
	vcpu->regs.rip = vmread(VMCS_GUEST_RIP);
	print_exit(vcpu);
	log_info("guest state:");
	print_registers(vcpu);
	print_segments();
	print_bits("shadow", vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE),
		   shadow_names);
	print_code(vcpu);
	print_fields(VMCS_CONTROL, "controls");
	print_fields(VMCS_EXIT_INFORMATION, "exit information");
}

enum exit_result vmx_stop_guest(struct vcpu *vcpu, const char *why, ...)
{
	char text[160];
	va_list args;

	va_start(args, why);
	vsnprintf(text, sizeof(text), why, args);
	va_end(args);
	log_info("the guest %s is stopped: %s", vcpu->vm->name, text);
	vmx_dump(vcpu);
	vm_end(vcpu->vm, END_GUEST_STOPPED, 0);
	return EXIT_STOP;
}
