/* SPDX-License-Identifier: MIT */
/*
 * A machine with VMX, as the files of vmx/start/ find it: its processor's
 * capabilities, its memory, and the host's tables. A test includes this header
 * in the place of fake_processor.h and fake_memory.h.
 */
#ifndef TESTS_UNIT_VMX_MACHINE_H
#define TESTS_UNIT_VMX_MACHINE_H

#include "fake_processor.h"
#include "fake_memory.h"

#include "arch/x86/cpuid.h"
#include "arch/x86/descriptors.h"
#include "arch/x86/gdt.h"
#include "arch/x86/msr.h"
#include "arch/x86/regs.h"
#include "arch/x86/trap.h"
#include "vmx/vmx.h"

#define LINEAR_BITS 48
#define REVISION 0x12
#define HOST_EFER (EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE)
#define HOST_CR3 0x1234000
#define GDT_BASE 0xffffffff80111000
#define TSS_BASE 0xffffffff80112000
#define IDT_BASE 0xffffffff80113000
/* May be 1 | must be 1; the latter are the manual's "default1" classes. */
#define ALLOWED(zero, one) ((u64)(zero) << 32 | (one))

/* Processors: one with all that Umbra can use, and two that are older. */
enum kind { COMPLETE, NO_EFER_CONTROLS, NO_SECONDARY, KINDS };

static const u64 offers[KINDS][CONTROL_SETS] = {
	[COMPLETE] = { ALLOWED(~0U, 0x16), ALLOWED(~0U, 0x4006172),
		       ALLOWED(~0U, 0), ALLOWED(~0U, 0x36dfb),
		       ALLOWED(~0U, 0x11fb) },
	[NO_EFER_CONTROLS] = { ALLOWED(~0U, 0x16), ALLOWED(~0U, 0x401e172),
			       ALLOWED(~0U, 0), ALLOWED(0x3ffff, 0x36dff),
			       ALLOWED(0x3fff, 0x11ff) },
	[NO_SECONDARY] = { ALLOWED(0x3f, 0x16), ALLOWED(0x7fffffff, 0x401e172),
			   0, ALLOWED(0x3ffff, 0x36dff),
			   ALLOWED(0x3fff, 0x11ff) },
};

const u8 vmx_exit_point[1];
static struct vmx_capabilities capabilities;

static struct {
	u8 maxphyaddr;
	bool nx;
	u32 last_leaf, features_7_ecx, ext_features_edx;
} processor; /* by CPUID */

static inline struct cpuid_result cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid_result r = { 0 };

	if (leaf == CPUID_VENDOR)
		r.eax = processor.last_leaf;
	if (leaf == CPUID_EXT_FEATURES)
		r.edx = processor.ext_features_edx;
	if (leaf == CPUID_ADDRESS_SIZE)
		r.eax = LINEAR_BITS << 8 | processor.maxphyaddr;
	if (leaf == CPUID_FEATURES_7)
		r.ecx = processor.features_7_ecx;
	return r;
}

bool cpu_has_nx(void)
{
	return processor.nx;
}

const struct vmx_capabilities *vmx_capabilities(void)
{
	return &capabilities;
}

u64 gdt_base(void)
{
	return GDT_BASE;
}

u64 tss_base(void)
{
	return TSS_BASE;
}

u64 idt_base(void)
{
	return IDT_BASE;
}

hpa_t vmx_make_vmcs(void)
{
	u32 *region = frames_alloc(1);

	*region = REVISION;
	return virt_to_phys(region);
}

static bool read_msr(u32 msr, u64 *value)
{
	*value = processor.nx ? HOST_EFER : HOST_EFER & ~EFER_NXE;
	return msr == IA32_EFER;
}

static inline void start_machine(enum kind kind)
{
	memset(&fake, 0, sizeof(fake));
	memset(&capabilities, 0, sizeof(capabilities));
	fake.read_msr = read_msr;
	fake.cr0 = CR0_PE | CR0_NE | CR0_WP | CR0_PG;
	fake.cr3 = HOST_CR3;
	fake.cr4 = CR4_PAE | CR4_VMXE | CR4_OSXSAVE;
	fake.xcr0 = fake.dr[6] = ~0ULL;
	memset(&processor, 0, sizeof(processor));
	processor.maxphyaddr = 40;
	processor.nx = true;
	capabilities.basic = REVISION;
	capabilities.cr0_fixed0 = CR0_PE | CR0_NE | CR0_PG;
	capabilities.cr0_fixed1 = ~0U;
	capabilities.cr4_fixed0 = CR4_VMXE;
	capabilities.cr4_fixed1 = BITS(22, 0);
	memcpy(capabilities.allowed, offers[kind], sizeof(offers[kind]));
}

#endif
