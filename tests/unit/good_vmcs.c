/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "arch/x86/regs.h"
#include "tests/unit/good_vmcs.h"
#include "vmx/exit_qualification.h"

u64 vmcs[VMCS_WORDS];

struct vmx_capabilities capabilities = {
	.basic = REVISION,
	.misc = 3 << 6 | 4 << 16, /* HLT and shutdown; CR3 targets */
	.cr0_fixed0 = CR0_PE | CR0_NE | CR0_PG,
	.cr0_fixed1 = ~0U,
	.cr4_fixed0 = CR4_VMXE,
	.cr4_fixed1 = 0x3767ff,
	.allowed = { [CONTROLS_PIN] = 0x7fffffff00000002,
		     [CONTROLS_CPU] = 0xfbffffff00000002,
		     [CONTROLS_CPU2] = 0x7fffffff20000000,
		     [CONTROLS_EXIT] = 0x7fffffff00000001,
		     [CONTROLS_ENTRY] = 0x7fffffff00000001 },
};

static u64 read_field(const struct doctor *d, enum vmcs_field field)
{
	return vmcs[field / 2];
}

static void write_field(enum vmcs_field field, u64 value)
{
	vmcs[field / 2] = value;
}

/*
 * The doctor's own objects, which the linker puts near the test's, are memory
 * above 2 GiB and below 4.
 */
#define OBJECTS_HPA 0x80000000ULL
#define OBJECTS_BASE (((uintptr_t)&capabilities & PAGE_MASK) - OBJECTS_HPA / 2)

static hpa_t address_of(const void *object)
{
	return (uintptr_t)object - OBJECTS_BASE + OBJECTS_HPA;
}

static u64 read_memory(const struct doctor *d, hpa_t hpa)
{
	static const struct {
		hpa_t hpa;
		u64 value;
	} memory[] = {
		{ VMCS_HPA, REVISION },
		{ LINKED_HPA, REVISION },
		{ SHADOW_HPA, REVISION | BIT(31) },
		{ FOREIGN_HPA, REVISION + 1 },
		{ PDPTES_LOW_RESERVED_HPA + 8, PTE_P | BIT(2) },
		{ PDPTES_HIGH_RESERVED_HPA + 16, PTE_P | BIT(8) },
		{ PDPTES_BEYOND_HPA + 24, PTE_P | BIT(48) },
		{ PDPTES_GOOD_HPA, BITS(8, 5) | BITS(2, 1) },
		{ AREA_FS_BASE_HPA, 0xc0000100 },
		{ AREA_GS_BASE_HPA, 0xc0000101 },
		{ AREA_RESERVED_HPA, BIT(32) | 0xc0000080 },
	};
	u64 value;

	for (size_t i = 0; i < ARRAY_SIZE(memory); i++)
		if (memory[i].hpa == hpa)
			return memory[i].value;
	if (hpa < OBJECTS_HPA || hpa >= 2 * OBJECTS_HPA)
		return 0;
	memcpy(&value, (const void *)(hpa - OBJECTS_HPA + OBJECTS_BASE),
	       sizeof(value));
	return value;
}

static const struct doctor good_doctor = {
	.read = read_field,
	.read_memory = read_memory,
	.capabilities = &capabilities,
	.efer = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE,
	.vmcs = VMCS_HPA,
	.maxphyaddr = 48,
	.linear_bits = 48,
};
struct doctor doctor;

struct breaker good_breaker(void)
{
	return (struct breaker){ doctor, write_field, address_of };
}

void set_segment(int n, u16 selector, u32 limit, u32 rights)
{
	vmcs[(VMCS_GUEST_ES_SELECTOR + 2 * n) / 2] = selector;
	vmcs[(VMCS_GUEST_ES_BASE + 2 * n) / 2] = 0;
	vmcs[(VMCS_GUEST_ES_LIMIT + 2 * n) / 2] = limit;
	vmcs[(VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * n) / 2] = rights;
}

void write_fields(const struct check_write *writes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		vmcs[writes[i].field / 2] = writes[i].value;
}

void make_good_vmcs(void)
{
	static const struct check_write fields[] = {
		{ VMCS_PIN_BASED_VM_EXECUTION_CONTROLS, GOOD_PIN },
		{ VMCS_PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS,
		  GOOD_CPU },
		{ VMCS_SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS,
		  GOOD_CPU2 },
		{ VMCS_VM_EXIT_CONTROLS, GOOD_EXIT },
		{ VMCS_VM_ENTRY_CONTROLS, GOOD_ENTRY },
		{ VMCS_HOST_CR0, CR0_PE | CR0_NE | CR0_WP | CR0_PG },
		{ VMCS_HOST_CR4, CR4_PAE | CR4_VMXE },
		{ VMCS_HOST_IA32_EFER, EFER_LME | EFER_LMA | EFER_NXE },
		{ VMCS_HOST_CS_SELECTOR, 0x08 },
		{ VMCS_HOST_TR_SELECTOR, 0x18 },
		{ VMCS_HOST_RIP, 0xffff800000100000 },
		{ VMCS_GUEST_CR0, CR0_PE | CR0_NE | CR0_WP | CR0_PG },
		{ VMCS_GUEST_CR3, 0x4000 },
		{ VMCS_GUEST_CR4, CR4_PAE | CR4_VMXE },
		{ VMCS_GUEST_IA32_EFER, EFER_LME | EFER_LMA },
		{ VMCS_GUEST_DR7, DR7_RESET },
		{ VMCS_GUEST_RIP, 0x1000 },
		{ VMCS_GUEST_RFLAGS, RFLAGS_FIXED },
		{ VMCS_VMCS_LINK_POINTER, ~0ULL },
	};

	doctor = good_doctor;
	memset(vmcs, 0, sizeof(vmcs));
	write_fields(fields, ARRAY_SIZE(fields));
	for (int n = 0; n < 6; n++)
		set_segment(n, 0, ~0U, n == SEG_CS ? 0xa09b : 0xc093);
	set_segment(6, 0, 0, AR_UNUSABLE);
	set_segment(7, 0, 0x67, 0x8b);
}
