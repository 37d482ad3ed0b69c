/* SPDX-License-Identifier: MIT */
/*
 * A guest of two instructions, in non-root mode, on shadow tables made by hand:
 * it reads a byte by way of the entry under test. If the fault exits, that is
 * seen at once; if it goes to the guest, its handler says so by VMCALL.
 */
#include "arch/x86/cpu.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/paging.h"
#include "arch/x86/frames.h"
#include "arch/x86/msr.h"
#include "guest/loaders/loader.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mmu/spte.h"
#include "vmx/cr_rules.h"
#include "vmx/exit.h"
#include "vmx/run.h"
#include "vmx/selftest.h"
#include "vmx/state.h"
#include "vmx/vmx.h"
#include "vmx/vmcs_setup.h"

/* The guest's only page: code, GDT, IDT and stack, at this linear address. */
#define GUEST_PAGE 0x1000
#define CODE_OFFSET 0x000
#define HANDLER_OFFSET 0x080
#define GDT_OFFSET 0x100
#define IDT_OFFSET 0x200
#define STACK_OFFSET 0xff0

#define SELECTOR_GUEST_CODE 0x08

/* mov al, [rdi]; vmcall */
static const u8 code[] = { 0x8a, 0x07, 0x0f, 0x01, 0xc1 };
/* vmcall; the error code is on top of the stack */
static const u8 handler[] = { 0x0f, 0x01, 0xc1 };

/* The result of the access. */
enum outcome { EXITED, DELIVERED, TRANSLATED, ENTRY_FAILED, OUTCOME_UNKNOWN };

struct probe {
	struct vcpu vcpu;
	u64 *tables[PT_LEVELS + 1]; /* by level; each is linked in slot 0 */
	u8 *page;
	u32 error_code;
};

/* Slot 0 of the upper tables leads to the page, slot 1 is for the test; in the
 * page table, slot 1 is the page's, and slot 2 for the test. */
static u32 test_slot(u8 level)
{
	return level > 1 ? 1 : 2;
}

static gva_t test_address(u8 level)
{
	return (gva_t)test_slot(level) * pt_span(level) << PAGE_SHIFT;
}

static bool build_guest(struct probe *p)
{
	struct gate *gate;
	u64 *gdt;

	p->page = frames_alloc(1);
	for (u8 level = PT_LEVELS; level > 0; level--)
		p->tables[level] = frames_alloc(1);
	if (!p->page || !p->tables[1] || !p->tables[2] || !p->tables[3] ||
	    !p->tables[4])
		return false;
	for (u8 level = PT_LEVELS; level > 1; level--)
		p->tables[level][0] = spte_make_table(
			virt_to_phys(p->tables[level - 1]), ACCESS_ALL);
	p->tables[1][GUEST_PAGE / PAGE_SIZE] = spte_make_leaf(
		virt_to_phys(p->page) >> PAGE_SHIFT, ACCESS_W | ACCESS_X);

	memcpy(p->page + CODE_OFFSET, code, sizeof(code));
	memcpy(p->page + HANDLER_OFFSET, handler, sizeof(handler));
	gdt = (u64 *)(p->page + GDT_OFFSET);
	gdt[SELECTOR_GUEST_CODE / sizeof(u64)] = DESCRIPTOR_CODE64;
	gate = (struct gate *)(p->page + IDT_OFFSET) + VECTOR_PF;
	*gate = gate_to(GUEST_PAGE + HANDLER_OFFSET, SELECTOR_GUEST_CODE,
			GATE_INTERRUPT);
	return true;
}

static void set_up_vcpu(struct probe *p)
{
	struct guest_entry entry = {
		.long_mode = true,
		.rip = GUEST_PAGE + CODE_OFFSET,
		.gdt_base = GUEST_PAGE + GDT_OFFSET,
		.gdt_limit = 2 * sizeof(u64) - 1,
		.cs = SELECTOR_GUEST_CODE,
	};

	vcpu_create_vmcs(&p->vcpu);
	vcpu_start(&p->vcpu, &entry);
	if (cpu_has_nx())
		p->vcpu.mmu.efer |= EFER_NXE;
	vcpu_apply_state(&p->vcpu);
	vmwrite(VMCS_GUEST_IDTR_BASE, GUEST_PAGE + IDT_OFFSET);
	vmwrite(VMCS_GUEST_IDTR_LIMIT, (VECTOR_PF + 1) * 16 - 1);
	vmwrite(VMCS_GUEST_CR3, virt_to_phys(p->tables[PT_LEVELS]));
	vmwrite(VMCS_EXCEPTION_BITMAP, BIT(VECTOR_PF));
	vmwrite(VMCS_PAGE_FAULT_ERROR_CODE_MASK, PFEC_P);
	vmwrite(VMCS_PAGE_FAULT_ERROR_CODE_MATCH, PFEC_P);
}

/* To the first instruction, which reads by way of the test entry at @level. */
static void aim(struct probe *p, u8 level)
{
	vmwrite(VMCS_GUEST_RIP, GUEST_PAGE + CODE_OFFSET);
	vmwrite(VMCS_GUEST_RSP, GUEST_PAGE + STACK_OFFSET);
	vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
	p->vcpu.regs.gpr[RDI] = test_address(level);
}

/* Have the guest read by way of @entry at @level. */
static enum outcome try_entry(struct probe *p, u8 level, u64 entry)
{
	const u64 *stack = (const u64 *)(p->page + STACK_OFFSET);
	struct vmx_exit *exit = &p->vcpu.exit;

	p->tables[level][test_slot(level)] = entry;
	do {
		aim(p, level);
		if (!vcpu_enter(&p->vcpu))
			return ENTRY_FAILED;
		/* An interrupt of the machine's may come first. */
		cpu_take_interrupts();
	} while (exit->reason == EXIT_EXTERNAL_INTERRUPT);
	p->tables[level][test_slot(level)] = SPTE_ABSENT_VALUE;

	if (exit->reason == EXIT_EXCEPTION_OR_NMI &&
	    (exit->interruption & VMX_INTR_VECTOR) == VECTOR_PF) {
		p->error_code = exit->interruption_error;
		return EXITED;
	}
	if (exit->reason != EXIT_VMCALL)
		return OUTCOME_UNKNOWN;
	if (exit->rip != GUEST_PAGE + HANDLER_OFFSET)
		return TRANSLATED;
	/* SS, RSP, RFLAGS, CS, RIP, then the error code. */
	p->error_code = stack[-6];
	return DELIVERED;
}

/* Returns true if the outcome is the one that the shadow MMU builds on. */
static bool as_expected(struct probe *p, u8 level, u64 entry,
			enum outcome outcome, u32 error_code)
{
	static const char *const words[] = {
		[EXITED] = "exits",
		[DELIVERED] = "goes to the guest",
		[TRANSLATED] = "translates",
		[ENTRY_FAILED] = "can't be entered",
		[OUTCOME_UNKNOWN] = "does something else",
	};
	enum outcome got = try_entry(p, level, entry);

	if (got == outcome && p->error_code == error_code)
		return true;
	log_info(LOG_ERROR "self-test: at level %u, %s %s with error code 0x%x "
			   "(exit reason 0x%x), where the manual has: %s, 0x%x",
		 level, entry ? "TRAP" : "ABSENT", words[got], p->error_code,
		 p->vcpu.exit.reason, words[outcome], error_code);
	return false;
}

static bool trap_works(struct probe *p, u8 level, u32 reason)
{
	return as_expected(p, level, spte_trap(true), EXITED, PFEC_P | reason);
}

/*
 * Where CPUID says 52 bits, a TRAP in a PTE is a real translation, to the last
 * frame of the physical address space: not to be touched, unless its key
 * denies that. Umbra itself runs without CR4.PKS, and neither VM entry nor exit
 * changes IA32_PKRS. Returns the bit of the error code that tells TRAP in a PTE
 * from others; 0: it can't be there.
 */
static u32 trap_reason(struct probe *p, u8 maxphyaddr)
{
	u32 features = cpuid(CPUID_FEATURES_7, 0).ecx;

	if (maxphyaddr < MAXPHYADDR_MAX)
		return PFEC_RSVD;
	p->vcpu.cr4_added = cr4_for_trap(maxphyaddr, features,
					 vmx_capabilities()->cr4_fixed1);
	if (!p->vcpu.cr4_added)
		return 0;
	wrmsr(IA32_PKRS, SPTE_TRAP_PKRS);
	vcpu_apply_state(&p->vcpu);
	return PFEC_PK;
}

static struct probe probe; /* too large for the stack */

struct vcpu *selftest_vcpu(void)
{
	if (!probe.page && !build_guest(&probe)) {
		log_info(LOG_ERROR "no memory for the self-test");
		return NULL;
	}
	set_up_vcpu(&probe);
	aim(&probe, PT_LEVELS);
	return &probe.vcpu;
}

bool selftest_run(struct selftest_result *result)
{
	u8 maxphyaddr = cpuid(CPUID_ADDRESS_SIZE, 0).eax & 0xff;
	u32 reason;

	if (!selftest_vcpu())
		return false;
	if (try_entry(&probe, PT_LEVELS, SPTE_ABSENT_VALUE) == ENTRY_FAILED) {
		log_info(LOG_ERROR
			 "self-test: no guest can be entered on this machine; "
			 "please report it: docs/hardware.md");
		return false;
	}
	result->filter_works = true;
	for (u8 level = PT_LEVELS; level > 0; level--) {
		if (!as_expected(&probe, level, SPTE_ABSENT_VALUE, DELIVERED,
				 0))
			result->filter_works = false;
		if (level > 1 && !trap_works(&probe, level, PFEC_RSVD))
			result->filter_works = false;
	}
	reason = trap_reason(&probe, maxphyaddr);
	result->leaf_trap_present = reason && trap_works(&probe, 1, reason);
	result->cr4_added = result->leaf_trap_present ? probe.vcpu.cr4_added
						      : 0;
	log_info("self-test: MAXPHYADDR %u; not-present faults %s, TRAP in a "
		 "PTE %s: bypass %s",
		 maxphyaddr,
		 result->filter_works ? "can go to the guest" : "must exit",
		 !result->leaf_trap_present ? "can't be reserved"
		 : reason == PFEC_RSVD	    ? "is reserved"
					    : "has a key that denies",
		 result->filter_works && result->leaf_trap_present
			 ? "possible"
			 : "not possible with NXE=1");
	return true;
}
