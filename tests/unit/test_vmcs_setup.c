/* SPDX-License-Identifier: MIT */
/*
 * A new VMCS, on processors of several kinds: the entry doctor, which knows the
 * processor's rules, must find nothing wrong. Then the parts without a rule:
 * the MSRs that do not exit, Umbra's own state after an exit, and the registers
 * at the guest's start.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "vmx_machine.h"

#define log_info test_log
#include "vmx/state.c"
#include "vmx/doctor/entry_check.c"
#include "vmx/start/vmcs_setup.c"
#undef log_info

const u8 image_start[1], image_end[1];

static struct vcpu vcpu;

/* Only the doctor logs something. */
void test_log(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
}

static void create_vmcs(enum kind kind)
{
	memset(&vcpu, 0, sizeof(vcpu));
	start_machine(kind);
	fake_pages = 0;
	vcpu_create_vmcs(&vcpu);
}

/* --- The processor enters it ------------------------------------------------ */

static const struct guest_entry entries[] = {
	{ .long_mode = true,
	  .rip = 0x100200,
	  .rsi = 0x90000,
	  .cr3 = 0x8000,
	  .gdt_base = 0x7000,
	  .gdt_limit = 0x1f,
	  .cs = 0x10,
	  .ds = 0x18 },
	{ .rip = 0x100000, .rax = 0x2badb002, .rbx = 0x9500, .cs = 8, .ds = 16 },
};

static void is_entered(void **state)
{
	for (enum kind kind = 0; kind < KINDS; kind++) {
		for (u32 i = 0; i < ARRAY_SIZE(entries); i++) {
			create_vmcs(kind);
			vcpu_set_start_state(&vcpu, &entries[i]);
			/* The root of the shadow, which the run loop sets. */
			vmwrite(VMCS_GUEST_CR3, virt_to_phys(frames_alloc(1)));
			if (entry_check(vcpu.vmcs) != DOCTOR_GOOD)
				fail_msg("processor %u, guest %u", kind, i);
		}
	}
	/* The doctor examines this very VMCS: it finds a wrong field. */
	fake.vmcs[VMCS_HOST_CR3] = 1ULL << processor.maxphyaddr;
	assert_int_equal(entry_check(vcpu.vmcs), DOCTOR_HOST);
	create_vmcs(NO_EFER_CONTROLS);
	vcpu_set_start_state(&vcpu, entries);
	((struct msr_area_entry *)phys_to_virt(
		 fake.vmcs[VMCS_VM_ENTRY_MSR_LOAD_ADDRESS]))
		->reserved = 1;
	assert_int_equal(entry_check(vcpu.vmcs), DOCTOR_MSR_LOADING);
}

/* --- At an exit ------------------------------------------------------------- */

static void host_returns(void **state)
{
	create_vmcs(COMPLETE);
	assert_int_equal(vmread(VMCS_HOST_CR0), fake.cr0);
	assert_int_equal(vmread(VMCS_HOST_CR3), HOST_CR3);
	assert_int_equal(vmread(VMCS_HOST_CR4), fake.cr4);
	assert_int_equal(vmread(VMCS_HOST_RIP), (u64)vmx_exit_point);
	assert_int_equal(vmread(VMCS_HOST_GDTR_BASE), GDT_BASE);
	assert_int_equal(vmread(VMCS_HOST_TR_BASE), TSS_BASE);
	assert_int_equal(vmread(VMCS_HOST_IDTR_BASE), IDT_BASE);
	assert_int_equal(vmread(VMCS_HOST_CS_SELECTOR), SELECTOR_CODE);
	assert_int_equal(vmread(VMCS_HOST_TR_SELECTOR), SELECTOR_TSS);
	assert_int_equal(vmread(VMCS_HOST_IA32_EFER), HOST_EFER);
	assert_null(vcpu.efer_area);
}

/* Without the controls EFER is in two areas, the guest's and Umbra's. */
static void efer_by_areas(void **state)
{
	const struct msr_area_entry *entry, *exit;

	create_vmcs(NO_EFER_CONTROLS);
	vcpu_set_start_state(&vcpu, entries);
	assert_int_equal(vmread(VMCS_VM_ENTRY_MSR_LOAD_COUNT), 1);
	assert_int_equal(vmread(VMCS_VM_EXIT_MSR_LOAD_COUNT), 1);
	assert_int_equal(vmread(VMCS_VM_EXIT_MSR_STORE_COUNT), 0);
	entry = phys_to_virt(vmread(VMCS_VM_ENTRY_MSR_LOAD_ADDRESS));
	exit = phys_to_virt(vmread(VMCS_VM_EXIT_MSR_LOAD_ADDRESS));
	assert_int_equal(entry->index, IA32_EFER);
	assert_true(entry->value & EFER_LMA);
	assert_false(entry->value & EFER_SCE);
	assert_int_equal(exit->index, IA32_EFER);
	assert_int_equal(exit->value, HOST_EFER);
	/* The guest sets SCE. */
	vcpu.paging.efer |= EFER_SCE;
	vcpu_store_paging(&vcpu);
	assert_true(entry->value & EFER_SCE);
	assert_int_equal(exit->value, HOST_EFER);
}

/* --- Instructions that exit ------------------------------------------------- */

/* Returns the bit of @msr for reads or writes (SDM vol. 3C, 24.6.9). */
static bool msr_exits(u32 msr, bool write)
{
	const u8 *bitmap = phys_to_virt(vmread(VMCS_ADDRESS_OF_MSR_BITMAPS));

	if (msr >= 0xc0000000)
		bitmap += 1024;
	if (write)
		bitmap += 2048;
	return bitmap[msr % 0x2000 / 8] >> msr % 8 & 1;
}

/*
 * The MSRs that VMX switches by fields of the VMCS, and those that Umbra never
 * uses. Each other access exits: of 2 x 2 x 2000h.
 */
static void msrs_that_do_not_exit(void **state)
{
	static const u32 msrs[] = {
		IA32_SYSENTER_CS, IA32_SYSENTER_ESP, IA32_SYSENTER_EIP,
		IA32_FS_BASE,	  IA32_GS_BASE,	     IA32_KERNEL_GS_BASE,
		IA32_STAR,	  IA32_LSTAR,	     IA32_CSTAR,
		IA32_FMASK,	  IA32_TSC_AUX,
	};

	for (enum kind kind = 0; kind < KINDS; kind++) {
		bool rdtscp = kind != NO_SECONDARY;
		const u8 *bitmap;
		u32 exits = 0;

		create_vmcs(kind);
		for (u32 i = 0; i < ARRAY_SIZE(msrs); i++) {
			bool exists = rdtscp || msrs[i] != IA32_TSC_AUX;

			assert_int_equal(msr_exits(msrs[i], false), !exists);
			assert_int_equal(msr_exits(msrs[i], true), !exists);
		}
		bitmap = phys_to_virt(vmread(VMCS_ADDRESS_OF_MSR_BITMAPS));
		for (u32 bit = 0; bit < PAGE_SIZE * 8; bit++)
			exits += bitmap[bit / 8] >> bit % 8 & 1;
		assert_int_equal(PAGE_SIZE * 8 - exits,
				 2 * (ARRAY_SIZE(msrs) - !rdtscp));
	}
}

/* Each bit of CR4 is Umbra's at first; each load of CR3 exits. */
static void control_registers_exit(void **state)
{
	create_vmcs(COMPLETE);
	assert_int_equal(vmread(VMCS_CR4_GUEST_HOST_MASK), ~0ULL);
	assert_int_equal(vmread(VMCS_CR3_TARGET_COUNT), 0);
}

static void vpid(void **state)
{
	u32 before;

	create_vmcs(COMPLETE);
	capabilities.ept_vpid = EPT_VPID_CAP_TYPE(INVVPID_CONTEXT);
	before = vmread(VMCS_SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS);
	assert_false(before & CPU2_ENABLE_VPID);
	vcpu_use_vpid(&vcpu);
	assert_int_equal(
		vmread(VMCS_SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS),
		before | CPU2_ENABLE_VPID);
	assert_int_equal(vmread(VMCS_VIRTUAL_PROCESSOR_IDENTIFIER), GUEST_VPID);
	/* The first entry flushes mappings of an earlier user of this VPID. */
	assert_int_equal(vcpu.flush.scope, TLB_ALL);
	assert_int_equal(vcpu.invvpid_types[TLB_ALL], INVVPID_CONTEXT);
}

/* --- The guest's first instruction ------------------------------------------ */

static void assert_start(const struct guest_entry *entry)
{
	create_vmcs(COMPLETE);
	vcpu_set_start_state(&vcpu, entry);
	assert_int_equal(vmread(VMCS_GUEST_RIP), entry->rip);
	assert_int_equal(vmread(VMCS_GUEST_CS_SELECTOR), entry->cs);
	assert_int_equal(vmread(VMCS_GUEST_SS_SELECTOR), entry->ds);
	assert_int_equal(vmread(VMCS_GUEST_GS_SELECTOR), entry->ds);
	assert_int_equal(vmread(VMCS_GUEST_GDTR_BASE), entry->gdt_base);
	assert_int_equal(vmread(VMCS_GUEST_GDTR_LIMIT), entry->gdt_limit);
	assert_int_equal(vmread(VMCS_GUEST_RFLAGS), RFLAGS_FIXED);
	assert_int_equal(vcpu.regs.gpr[RAX], entry->rax);
	assert_int_equal(vcpu.regs.gpr[RBX], entry->rbx);
	assert_int_equal(vcpu.regs.gpr[RSI], entry->rsi);
	/* VMX does not switch them: they have the values after a reset. */
	assert_int_equal(fake.dr[6], DR6_RESET);
	assert_int_equal(fake.xcr0, XCR0_X87);
	assert_int_equal(vmread(VMCS_GUEST_DR7), DR7_RESET);
}

static void starts_in_long_mode(void **state)
{
	assert_start(&entries[0]);
	assert_int_equal(vcpu.paging.cr3, 0x8000);
	assert_int_equal(vcpu_cr0(&vcpu), CR0_PE | CR0_ET | CR0_NE | CR0_PG);
	assert_int_equal(vcpu_cr4(&vcpu), CR4_PAE);
	assert_int_equal(vcpu_code_mode(&vcpu), INSN_MODE_64);
}

/* Unpaged for the guest: it does not see that the processor's CR0.PG is 1. */
static void starts_in_protected_mode(void **state)
{
	assert_start(&entries[1]);
	assert_int_equal(vcpu_cr0(&vcpu), CR0_PE | CR0_ET | CR0_NE);
	assert_int_equal(vmread(VMCS_GUEST_CR0) & CR0_PG, CR0_PG);
	assert_int_equal(vcpu_cr4(&vcpu), 0);
	assert_int_equal(vcpu.paging.efer, 0);
	assert_int_equal(vcpu_code_mode(&vcpu), INSN_MODE_32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_entered),
		cmocka_unit_test(host_returns),
		cmocka_unit_test(efer_by_areas),
		cmocka_unit_test(msrs_that_do_not_exit),
		cmocka_unit_test(control_registers_exit),
		cmocka_unit_test(vpid),
		cmocka_unit_test(starts_in_long_mode),
		cmocka_unit_test(starts_in_protected_mode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
