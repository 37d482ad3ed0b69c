/* SPDX-License-Identifier: MIT */
/*
 * The constant part of the VMCS while the guest runs: controls, host state (SDM
 * vol. 3C, 26.2), and the state at the guest's first instruction (26.3).
 */
#include "arch/x86/cpu.h"
#include "arch/x86/gdt.h"
#include "arch/x86/msr.h"
#include "arch/x86/paging.h"
#include "arch/x86/trap.h"
#include "arch/x86/frames.h"
#include "guest/loaders/loader.h"
#include "guest/msr.h"
#include "lib/log.h"
#include "lib/string.h"
#include "vmx/cr_rules.h"
#include "vmx/state.h"
#include "vmx/start/vmcs_setup.h"
#include "vmx/vmx.h"

/* Flat segments, DPL 0, as SDM vol. 3C, 26.3.1.2 demands: accessed, too. */
#define AR_FLAT (AR_P | AR_S | AR_G | AR_ACCESSED | AR_WRITABLE)
#define AR_CODE64 (AR_FLAT | AR_CODE | AR_L)
#define AR_CODE32 (AR_FLAT | AR_CODE | AR_DB)
#define AR_DATA (AR_FLAT | AR_DB)
#define TSS_LIMIT 0x67

/* No shadow VMCS: SDM vol. 3C, 26.3.1.5. */
#define NO_LINK (~0ULL)

/*
 * The MSR bitmap (SDM vol. 3C, 24.6.9): four regions of 1 KiB, for reads and
 * writes of the low (0 ...) and the high (C0000000h ...) MSRs; 1 means exit.
 */
#define MSR_BITMAP_REGION 1024
#define MSR_BITMAP_WRITES (2 * MSR_BITMAP_REGION)
#define MSR_HIGH_FIRST 0xc0000000U
#define MSR_BITMAP_SPAN 0x2000U

/* An entry of an MSR area (SDM vol. 3C, table 24-12). */
struct msr_area_entry {
	u32 index;
	u32 reserved;
	u64 value;
};

extern const u8 vmx_exit_point[];

static void *alloc_page(void)
{
	void *page = frames_alloc(1);

	if (!page)
		panic("no memory for a virtual processor");
	return page;
}

static void let_msr_through(u8 *bitmap, u32 index)
{
	if (index >= MSR_HIGH_FIRST) {
		index -= MSR_HIGH_FIRST;
		bitmap += MSR_BITMAP_REGION;
	}
	if (index >= MSR_BITMAP_SPAN)
		return;
	bitmap[index / 8] &= ~BIT(index % 8);
	bitmap[MSR_BITMAP_WRITES + index / 8] &= ~BIT(index % 8);
}

static hpa_t make_msr_bitmap(const struct vcpu *vcpu)
{
	bool rdtscp =
		vmx_has(&vcpu->controls, CONTROLS_CPU2, CPU2_ENABLE_RDTSCP);
	u8 *bitmap = alloc_page();
	const struct msr_policy *policy;
	size_t count;

	memset(bitmap, 0xff, PAGE_SIZE);
	policy = msr_policy_table(&count);
	for (size_t i = 0; i < count; i++)
		for (u32 msr = policy[i].first; msr <= policy[i].last; msr++)
			if (policy[i].answer == MSR_ASK_PROCESSOR &&
			    (rdtscp || !policy[i].rdtscp))
				let_msr_through(bitmap, msr);
	return virt_to_phys(bitmap);
}

/*
 * Without the EFER controls: one area that gives the guest its EFER at entry
 * and one that gives Umbra its own back at exit. The guest can't write EFER
 * without an exit, so there is nothing to store.
 */
static void make_efer_areas(struct vcpu *vcpu)
{
	struct msr_area_entry *entry = alloc_page();
	struct msr_area_entry *exit = entry + 1;

	entry->index = exit->index = IA32_EFER;
	exit->value = rdmsr(IA32_EFER);
	vcpu->efer_area = &entry->value;
	vmwrite(VMCS_VM_ENTRY_MSR_LOAD_ADDRESS, virt_to_phys(entry));
	vmwrite(VMCS_VM_ENTRY_MSR_LOAD_COUNT, 1);
	vmwrite(VMCS_VM_EXIT_MSR_LOAD_ADDRESS, virt_to_phys(exit));
	vmwrite(VMCS_VM_EXIT_MSR_LOAD_COUNT, 1);
}

static void set_controls(struct vcpu *vcpu)
{
	const struct vmx_controls *c = &vcpu->controls;

	for (enum control_set set = 0; set < CONTROL_SETS; set++)
		if (set != CONTROLS_CPU2 ||
		    vmx_has(c, CONTROLS_CPU, CPU_SECONDARY_CONTROLS))
			vmwrite(control_tables[set].field, c->value[set]);
	vmwrite(VMCS_CR3_TARGET_COUNT, 0);
	vmwrite(VMCS_TSC_OFFSET, 0);
	vmwrite(VMCS_VM_EXIT_MSR_STORE_COUNT, 0);
	vmwrite(VMCS_VM_EXIT_MSR_LOAD_COUNT, 0);
	vmwrite(VMCS_VM_ENTRY_MSR_LOAD_COUNT, 0);
	vmwrite(VMCS_VM_ENTRY_INTERRUPTION_INFORMATION, 0);
	vmwrite(VMCS_ADDRESS_OF_MSR_BITMAPS, make_msr_bitmap(vcpu));
	if (vmx_switches_efer(c))
		vmwrite(VMCS_HOST_IA32_EFER, rdmsr(IA32_EFER));
	else
		make_efer_areas(vcpu);
	/*
	 * run.c lets the guest own PGE later. state.c writes the mask of CR0.
	 */
	vmwrite(VMCS_CR4_GUEST_HOST_MASK, ~0ULL);
}

static void set_host_state(void)
{
	vmwrite(VMCS_HOST_CR0, cr0_read());
	vmwrite(VMCS_HOST_CR3, cr3_read());
	vmwrite(VMCS_HOST_CR4, cr4_read());
	vmwrite(VMCS_HOST_CS_SELECTOR, SELECTOR_CODE);
	vmwrite(VMCS_HOST_SS_SELECTOR, SELECTOR_DATA);
	vmwrite(VMCS_HOST_DS_SELECTOR, SELECTOR_DATA);
	vmwrite(VMCS_HOST_ES_SELECTOR, SELECTOR_DATA);
	vmwrite(VMCS_HOST_FS_SELECTOR, 0);
	vmwrite(VMCS_HOST_GS_SELECTOR, 0);
	vmwrite(VMCS_HOST_TR_SELECTOR, SELECTOR_TSS);
	vmwrite(VMCS_HOST_FS_BASE, 0);
	vmwrite(VMCS_HOST_GS_BASE, 0);
	vmwrite(VMCS_HOST_TR_BASE, tss_base());
	vmwrite(VMCS_HOST_GDTR_BASE, gdt_base());
	vmwrite(VMCS_HOST_IDTR_BASE, idt_base());
	vmwrite(VMCS_HOST_IA32_SYSENTER_CS, 0);
	vmwrite(VMCS_HOST_IA32_SYSENTER_ESP, 0);
	vmwrite(VMCS_HOST_IA32_SYSENTER_EIP, 0);
	vmwrite(VMCS_HOST_RIP, (u64)vmx_exit_point);
}

/* A segment register of the guest; the fields lie 2 apart by enum segment. */
static void set_segment(enum segment segment, u16 selector, u32 rights)
{
	u32 offset = 2 * segment;

	vmwrite(VMCS_GUEST_ES_SELECTOR + offset, selector);
	vmwrite(VMCS_GUEST_ES_BASE + offset, 0);
	vmwrite(VMCS_GUEST_ES_LIMIT + offset, 0xffffffff);
	vmwrite(VMCS_GUEST_ES_ACCESS_RIGHTS + offset, rights);
}

/* The state that is the same for every guest's start. */
static void set_guest_state(u16 cs, u16 ds, u32 cs_rights)
{
	for (enum segment segment = SEG_ES; segment < SEG_COUNT; segment++)
		set_segment(segment, ds, AR_DATA);
	set_segment(SEG_CS, cs, cs_rights);
	vmwrite(VMCS_GUEST_LDTR_SELECTOR, 0);
	vmwrite(VMCS_GUEST_LDTR_BASE, 0);
	vmwrite(VMCS_GUEST_LDTR_LIMIT, 0);
	vmwrite(VMCS_GUEST_LDTR_ACCESS_RIGHTS, AR_UNUSABLE);
	vmwrite(VMCS_GUEST_TR_SELECTOR, 0);
	vmwrite(VMCS_GUEST_TR_BASE, 0);
	vmwrite(VMCS_GUEST_TR_LIMIT, TSS_LIMIT);
	vmwrite(VMCS_GUEST_TR_ACCESS_RIGHTS, AR_P | AR_TSS_BUSY);
	vmwrite(VMCS_GUEST_GDTR_BASE, 0);
	vmwrite(VMCS_GUEST_GDTR_LIMIT, 0);
	vmwrite(VMCS_GUEST_IDTR_BASE, 0);
	vmwrite(VMCS_GUEST_IDTR_LIMIT, 0);
	vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
	vmwrite(VMCS_GUEST_RSP, 0);
	vmwrite(VMCS_GUEST_DR7, DR7_RESET);
	vmwrite(VMCS_GUEST_IA32_DEBUGCTL, 0);
	vmwrite(VMCS_GUEST_IA32_SYSENTER_CS, 0);
	vmwrite(VMCS_GUEST_IA32_SYSENTER_ESP, 0);
	vmwrite(VMCS_GUEST_IA32_SYSENTER_EIP, 0);
	vmwrite(VMCS_GUEST_INTERRUPTIBILITY_STATE, 0);
	vmwrite(VMCS_GUEST_ACTIVITY_STATE, 0);
	vmwrite(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS, 0);
	vmwrite(VMCS_VMCS_LINK_POINTER, NO_LINK);
	/* Registers that VMX does not switch, and firmware may have used. */
	dr6_write(DR6_RESET);
	xcr0_write_safe(XCR0_X87); /* false: no XSAVE, so no XCR0 */
}

void vcpu_create_vmcs(struct vcpu *vcpu)
{
	struct control_refusal refusal;

	/* vmx_start() has found that they can be chosen. */
	if (!vmx_choose_controls(vmx_capabilities(), &vcpu->controls, &refusal))
		panic("no VMX control \"%s\"", refusal.control->name);
	vcpu->vmcs = vmx_make_vmcs();
	set_controls(vcpu);
	set_host_state();
}

void vcpu_use_vpid(struct vcpu *vcpu)
{
	u32 *controls = &vcpu->controls.value[CONTROLS_CPU2];

	*controls |= CPU2_ENABLE_VPID;
	vmwrite(VMCS_SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS,
		*controls);
	vmwrite(VMCS_VIRTUAL_PROCESSOR_IDENTIFIER, GUEST_VPID);
	invvpid_types(vmx_capabilities()->ept_vpid, vcpu->invvpid_types);
	/* VMXON has not flushed either (SDM vol. 3C, 28.3.3.2). */
	vcpu->flush.scope = TLB_ALL;
}

void vcpu_set_start_state(struct vcpu *vcpu, const struct guest_entry *entry)
{
	set_guest_state(entry->cs, entry->ds,
			entry->long_mode ? AR_CODE64 : AR_CODE32);
	vmwrite(VMCS_GUEST_GDTR_BASE, entry->gdt_base);
	vmwrite(VMCS_GUEST_GDTR_LIMIT, entry->gdt_limit);
	vmwrite(VMCS_GUEST_RIP, entry->rip);
	vcpu->regs.gpr[RAX] = entry->rax;
	vcpu->regs.gpr[RBX] = entry->rbx;
	vcpu->regs.gpr[RSI] = entry->rsi;
	vcpu->paging.cr0 = CR0_PE | CR0_ET | CR0_NE;
	if (entry->long_mode) {
		vcpu->paging.cr0 |= CR0_PG;
		vcpu->paging.cr3 = entry->cr3;
		vcpu->paging.cr4 = CR4_PAE;
		vcpu->paging.efer = EFER_LME | EFER_LMA;
	}
	/* The self-test's virtual processor has no shadow MMU. */
	if (vcpu->vm)
		mmu_derive_state(&vcpu->paging);
	vcpu_store_paging(vcpu);
}
