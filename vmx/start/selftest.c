/* SPDX-License-Identifier: MIT */
/*
 * A guest of two instructions, in non-root mode, on shadow tables made by hand:
 * it reads, writes or fetches a byte through the entry under test. A fault
 * exits, or it goes to the guest, whose handler exits by VMCALL.
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
#include "vmx/start/selftest.h"
#include "vmx/state.h"
#include "vmx/trace/record.h"
#include "vmx/vmx.h"
#include "vmx/start/vmcs_setup.h"

/* The guest's only page: code, GDT, IDT and stack, at this linear address. */
#define GUEST_PAGE 0x1000
#define CODE_OFFSET 0x000
#define HANDLER_OFFSET 0x080
#define GDT_OFFSET 0x100
#define IDT_OFFSET 0x200
#define TSS_OFFSET 0x800
#define STACK_OFFSET 0xff0

#define SELECTOR_GUEST_CODE 0x08

#define MOV_AL_RDI_VMCALL                                                      \
	{                                                                      \
		0x8a, 0x07, 0x0f, 0x01, 0xc1                                   \
	}
#define MOV_RDI_AL_VMCALL                                                      \
	{                                                                      \
		0x88, 0x07, 0x0f, 0x01, 0xc1                                   \
	}
#define JMP_RDI                                                                \
	{                                                                      \
		0xff, 0xe7                                                     \
	}

/* The uses of an entry: access, ring, and the bits of the error code. */
static const struct use {
	const char *name;
	u8 code[5];
	u8 dpl;
	u32 pfec;
} uses[] = {
	{ "read", MOV_AL_RDI_VMCALL, 0, 0 },
	{ "write", MOV_RDI_AL_VMCALL, 0, PFEC_W },
	{ "fetch", JMP_RDI, 0, PFEC_I },
	{ "user's read", MOV_AL_RDI_VMCALL, 3, PFEC_U },
	{ "user's write", MOV_RDI_AL_VMCALL, 3, PFEC_U | PFEC_W },
	{ "user's fetch", JMP_RDI, 3, PFEC_U | PFEC_I },
};
/* vmcall; the error code is on top of the stack */
static const u8 handler[] = { 0x0f, 0x01, 0xc1 };

/* The result of the access. */
enum outcome { EXITED, DELIVERED, TRANSLATED, ENTRY_FAILED, OUTCOME_UNKNOWN };

struct probe {
	struct vcpu vcpu;
	struct trace_record record; /* of the last exit; it is not read */
	u64 *tables[PT_LEVELS + 1]; /* by level; each is linked in slot 0 */
	u8 *page;
	u32 error_code;
};

/*
 * In the upper tables slot 0 leads to the page, and slot 1 is for the test; in
 * the page table slot 1 maps the page, and slot 2 is for the test.
 */
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
	p->tables[1][GUEST_PAGE / PAGE_SIZE] =
		spte_make_leaf(virt_to_phys(p->page) >> PAGE_SHIFT, ACCESS_ALL);

	memcpy(p->page + HANDLER_OFFSET, handler, sizeof(handler));
	gdt = (u64 *)(p->page + GDT_OFFSET);
	gdt[SELECTOR_GUEST_CODE / sizeof(u64)] = DESCRIPTOR_CODE64;
	gate = (struct gate *)(p->page + IDT_OFFSET) + VECTOR_PF;
	*gate = gate_to(GUEST_PAGE + HANDLER_OFFSET, SELECTOR_GUEST_CODE,
			GATE_INTERRUPT);
	((struct tss *)(p->page + TSS_OFFSET))->rsp[0] =
		GUEST_PAGE + STACK_OFFSET;
	return true;
}

static void set_filter(bool intercept, u32 mask, u32 match)
{
	vmwrite(VMCS_EXCEPTION_BITMAP, intercept ? BIT(VECTOR_PF) : 0);
	vmwrite(VMCS_PAGE_FAULT_ERROR_CODE_MASK, mask);
	vmwrite(VMCS_PAGE_FAULT_ERROR_CODE_MATCH, match);
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

	p->vcpu.record = &p->record;
	vcpu_create_vmcs(&p->vcpu);
	vcpu_set_start_state(&p->vcpu, &entry);
	if (cpu_has_nx())
		p->vcpu.paging.efer |= EFER_NXE;
	vcpu_store_paging(&p->vcpu);
	vmwrite(VMCS_GUEST_IDTR_BASE, GUEST_PAGE + IDT_OFFSET);
	vmwrite(VMCS_GUEST_IDTR_LIMIT, (VECTOR_PF + 1) * 16 - 1);
	vmwrite(VMCS_GUEST_TR_BASE, GUEST_PAGE + TSS_OFFSET);
	vmwrite(VMCS_GUEST_CR3, virt_to_phys(p->tables[PT_LEVELS]));
	set_filter(true, PFEC_P, PFEC_P);
}

static void set_dpl(u32 access_rights, u8 dpl)
{
	u64 others = vmread(access_rights) & ~AR_DPL_MASK;

	vmwrite(access_rights, others | (u64)dpl << AR_DPL_SHIFT);
}

/* Sets RIP to the first instruction, for @use of the test entry at @level. */
static void aim_at_entry(struct probe *p, u8 level, const struct use *use)
{
	memcpy(p->page + CODE_OFFSET, use->code, sizeof(use->code));
	vmwrite(VMCS_GUEST_CS_SELECTOR, SELECTOR_GUEST_CODE | use->dpl);
	set_dpl(VMCS_GUEST_CS_ACCESS_RIGHTS, use->dpl);
	vmwrite(VMCS_GUEST_SS_SELECTOR, use->dpl);
	set_dpl(VMCS_GUEST_SS_ACCESS_RIGHTS, use->dpl);
	vmwrite(VMCS_GUEST_RIP, GUEST_PAGE + CODE_OFFSET);
	vmwrite(VMCS_GUEST_RSP, GUEST_PAGE + STACK_OFFSET);
	vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
	p->vcpu.regs.gpr[RDI] = test_address(level);
}

/* Lets the guest make @use of @entry at @level. */
static enum outcome try_entry(struct probe *p, u8 level, u64 entry,
			      const struct use *use)
{
	const u64 *stack = (const u64 *)(p->page + STACK_OFFSET);
	struct vmx_exit *exit = &p->vcpu.exit;

	p->tables[level][test_slot(level)] = entry;
	do {
		aim_at_entry(p, level, use);
		if (!vcpu_enter(&p->vcpu))
			return ENTRY_FAILED;
		/* An interrupt of the machine may come first. */
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

/*
 * Returns true if @code is the error code of @use with the other bits @bits.
 * Keys don't apply to fetches; a user's access that U=0 denies may show the key
 * or not (SDM vol. 3A, 4.6.2 and 4.7); without NXE a fetch is not shown.
 */
static bool is_code_of(u32 code, const struct use *use, u32 bits)
{
	u32 ignored = cpu_has_nx() ? 0 : PFEC_I;

	if (use->pfec & PFEC_I)
		bits &= ~PFEC_PK;
	if (use->pfec & PFEC_U)
		ignored |= PFEC_PK & bits;
	return !((code ^ (use->pfec | bits)) & ~ignored);
}

/* The outcome of a supervisor's access, and of a user's. */
struct outcomes {
	enum outcome supervisor, user;
};

static const struct outcomes all_exit = { EXITED, EXITED };
static const struct outcomes all_pass = { DELIVERED, DELIVERED };
static const struct outcomes user_passes = { EXITED, DELIVERED };

/*
 * Returns true if each use of @entry has the outcome that the shadow MMU needs,
 * and an error code with the bits @code.
 */
static bool as_expected(struct probe *p, u8 level, u64 entry,
			struct outcomes outcomes, u32 code)
{
	static const char *const words[] = {
		[EXITED] = "exits",
		[DELIVERED] = "goes to the guest",
		[TRANSLATED] = "translates",
		[ENTRY_FAILED] = "can't be entered",
		[OUTCOME_UNKNOWN] = "does something else",
	};

	for (u32 i = 0; i < ARRAY_SIZE(uses); i++) {
		enum outcome got = try_entry(p, level, entry, &uses[i]);
		enum outcome outcome = uses[i].dpl ? outcomes.user
						   : outcomes.supervisor;

		if (got == outcome && is_code_of(p->error_code, &uses[i], code))
			continue;
		log_info(LOG_ERROR
			 "self-test: at level %u, a %s of %s %s with error "
			 "code 0x%x (exit reason 0x%x), where the manual has: "
			 "%s, 0x%x",
			 level, uses[i].name, entry ? "TRAP" : "ABSENT",
			 words[got], p->error_code, p->vcpu.exit.reason,
			 words[outcome], uses[i].pfec | code);
		return false;
	}
	return true;
}

static bool trap_works(struct probe *p, u8 level, u32 reason)
{
	return as_expected(p, level, spte_trap(true), all_exit,
			   PFEC_P | reason);
}

/* Returns true if TRAP and MMIO, a TRAP with W=1, work in a PTE. */
static bool leaf_trap_works(struct probe *p, u32 reason)
{
	return trap_works(p, 1, reason) &&
	       as_expected(p, 1, spte_make_mmio(true, ACCESS_ALL, true),
			   all_exit, PFEC_P | reason);
}

/*
 * With a MAXPHYADDR of 52, a TRAP in a PTE is a real translation, to the last
 * frame of the physical address space: it must not be accessed, unless its key
 * denies that. Umbra itself runs without CR4.PKS, and neither VM entry nor exit
 * changes IA32_PKRS. Returns the bit of the error code by which a TRAP in a PTE
 * is known; 0: no TRAP is possible in a PTE.
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
	vcpu_store_paging(&p->vcpu);
	return PFEC_PK;
}

/* Returns true if the faults of @outcomes go to the guest, at all levels, and
   those by TRAP exit. In a PTE there may be none: @leaf_trap. */
static bool filter_works(struct probe *p, struct outcomes outcomes,
			 bool leaf_trap)
{
	bool works = true;

	for (u8 level = PT_LEVELS; level > 0; level--) {
		if (!as_expected(p, level, SPTE_ABSENT_VALUE, outcomes, 0))
			works = false;
		if ((level > 1 || leaf_trap) &&
		    !trap_works(p, level, PFEC_RSVD))
			works = false;
	}
	return works;
}

/*
 * The second filter (mmu/filter.c) knows TRAP by RSVD alone. A hypervisor below
 * that ignores the first one ignores this one, too.
 */
static bool user_filter_works(struct probe *p,
			      const struct selftest_result *result, u32 reason)
{
	if (!result->filter_works || !result->leaf_trap_present ||
	    reason != PFEC_RSVD)
		return false;
	set_filter(false, PFEC_U | PFEC_RSVD, PFEC_U);
	return filter_works(p, user_passes, true);
}

static struct probe probe; /* too large for the stack */

struct vcpu *selftest_vcpu(void)
{
	if (!probe.page && !build_guest(&probe)) {
		log_info(LOG_ERROR "no memory for the self-test");
		return NULL;
	}
	set_up_vcpu(&probe);
	aim_at_entry(&probe, PT_LEVELS, uses);
	return &probe.vcpu;
}

bool selftest_run(struct selftest_result *result)
{
	u8 maxphyaddr = cpuid(CPUID_ADDRESS_SIZE, 0).eax & 0xff;
	u32 reason;

	if (!selftest_vcpu())
		return false;
	if (try_entry(&probe, PT_LEVELS, SPTE_ABSENT_VALUE, uses) ==
	    ENTRY_FAILED) {
		log_info(LOG_ERROR
			 "self-test: no guest can be entered on this machine; "
			 "please report it: docs/hardware.md");
		return false;
	}
	result->filter_works = filter_works(&probe, all_pass, false);
	reason = trap_reason(&probe, maxphyaddr);
	result->leaf_trap_present = reason && leaf_trap_works(&probe, reason);
	result->user_filter_works = user_filter_works(&probe, result, reason);
	result->cr4_added = result->leaf_trap_present ? probe.vcpu.cr4_added
						      : 0;
	log_info("self-test: not-present %sfaults %s; TRAP in a PTE %s",
		 result->user_filter_works ? "and denied " : "",
		 result->filter_works ? "reach the guest" : "must exit",
		 !result->leaf_trap_present ? "is impossible"
		 : reason == PFEC_RSVD	    ? "is reserved"
					    : "has a key");
	return true;
}
