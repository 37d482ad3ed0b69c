/* SPDX-License-Identifier: MIT */
/*
 * VMX operation. The conditions of VMXON are in SDM vol. 3C, 23.6 to 23.8, the
 * capability MSRs in vol. 3D, appendix A.
 */
#include "arch/x86/cpu.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/msr.h"
#include "arch/x86/paging.h"
#include "arch/x86/power.h"
#include "arch/x86/regs.h"
#include "arch/x86/frames.h"
#include "lib/log.h"
#include "lib/string.h"
#include "vmx/vmcs.h"
#include "vmx/vmx.h"
#include "vmx/report/words.h"

/* The memory type that VMX regions are accessed with, SDM vol. 3D, A.1. */
#define MEMORY_TYPE_WRITE_BACK 6

static struct vmx_capabilities capabilities;
struct vmcs_traffic vmcs_traffic;

const struct vmx_capabilities *vmx_capabilities(void)
{
	return &capabilities;
}

const struct hypervisor *vmx_hypervisor(void)
{
	struct cpuid_result r;
	char signature[HYPERVISOR_SIGNATURE];

	if (!(cpuid(CPUID_FEATURES, 0).ecx & CPUID_1_ECX_HYPERVISOR))
		return NULL;
	r = cpuid(CPUID_HYPERVISOR, 0);
	memcpy(signature, &r.ebx, 4);
	memcpy(signature + 4, &r.ecx, 4);
	memcpy(signature + 8, &r.edx, 4);
	return hypervisor_find(signature);
}

/* Logs the remedy for VMX that is missing or off. */
static void print_remedy(const char *on_the_bare_machine)
{
	const struct hypervisor *h = vmx_hypervisor();

	if (h)
		log_info(LOG_WARNING "remedy: this machine runs under %s: %s",
			 h->name, h->remedy);
	else
		log_info(LOG_WARNING "remedy: %s", on_the_bare_machine);
}

static bool has_vmx(void)
{
	if (cpuid(CPUID_FEATURES, 0).ecx & CPUID_1_ECX_VMX)
		return true;
	log_info(LOG_ERROR
		 "this processor shows no VMX: CPUID.1:ECX.VMX (bit 5) is 0");
	print_remedy("Umbra needs an Intel processor with VT-x (AMD's SVM is "
		     "another thing), or an emulated one: Bochs has VMX");
	return false;
}

/* Returns true if VMXON is allowed; with an open lock, allows and locks it. */
static bool feature_control_allows(void)
{
	enum feature_control verdict;
	u64 control;

	if (!msr_read_safe(IA32_FEATURE_CONTROL, &control)) {
		log_info(LOG_ERROR
			 "CPUID shows VMX, but IA32_FEATURE_CONTROL (MSR 3Ah) "
			 "can't be read");
		print_remedy(firmware_remedy);
		return false;
	}
	verdict = feature_control_judge(control);
	if (verdict == FEATURE_CONTROL_ON)
		return true;
	if (verdict == FEATURE_CONTROL_OPEN) {
		control |= FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX;
		if (msr_write_safe(IA32_FEATURE_CONTROL, control))
			return true;
		log_info(LOG_ERROR
			 "VMX can't be switched on: IA32_FEATURE_CONTROL (MSR "
			 "3Ah) refuses bit 0 (lock) with bit 2 (VMX outside "
			 "SMX)");
	} else {
		log_info(LOG_ERROR
			 "VMX is locked off: IA32_FEATURE_CONTROL (MSR 3Ah) is "
			 "0x%lx, %s",
			 control, feature_control_words(verdict));
	}
	/* A hypervisor that shows VMX is no obstacle: this firmware is. */
	log_info(LOG_WARNING "remedy: %s", firmware_remedy);
	return false;
}

static bool has_true_controls(void)
{
	return capabilities.basic & BASIC_TRUE_CONTROLS;
}

/* Returns the MSR from which capabilities.allowed[@set] is read. */
static u32 capability_msr(enum control_set set)
{
	const struct control_table *table = &control_tables[set];

	return has_true_controls() && table->true_msr ? table->true_msr
						      : table->msr;
}

/* An MSR that can't be read has no capability: 0. */
static u64 read_or_0(u32 msr)
{
	u64 value;

	return msr_read_safe(msr, &value) ? value : 0;
}

void vmx_read_capabilities(void)
{
	struct vmx_capabilities *c = &capabilities;

	c->basic = read_or_0(IA32_VMX_BASIC);
	c->misc = read_or_0(IA32_VMX_MISC);
	c->ept_vpid = read_or_0(IA32_VMX_EPT_VPID_CAP);
	c->cr0_fixed0 = read_or_0(IA32_VMX_CR0_FIXED0);
	c->cr0_fixed1 = read_or_0(IA32_VMX_CR0_FIXED1);
	c->cr4_fixed0 = read_or_0(IA32_VMX_CR4_FIXED0);
	c->cr4_fixed1 = read_or_0(IA32_VMX_CR4_FIXED1);
	for (enum control_set set = 0; set < CONTROL_SETS; set++)
		c->allowed[set] = read_or_0(capability_msr(set));
}

static bool regions_fit(void)
{
	u64 basic = capabilities.basic;

	if (BASIC_VMCS_SIZE(basic) <= PAGE_SIZE &&
	    BASIC_MEMORY_TYPE(basic) == MEMORY_TYPE_WRITE_BACK)
		return true;
	log_info(LOG_ERROR
		 "this processor's VMCS takes %lu bytes of memory type %lu "
		 "(IA32_VMX_BASIC, MSR 480h, is 0x%lx); Umbra is made for one "
		 "of at most 4096 bytes, write-back (6)",
		 (unsigned long)BASIC_VMCS_SIZE(basic),
		 (unsigned long)BASIC_MEMORY_TYPE(basic), basic);
	print_remedy("another processor");
	return false;
}

static bool controls_suffice(void)
{
	const struct control_table *table;
	struct control_refusal refusal;
	struct vmx_controls controls = { 0 };

	if (vmx_choose_controls(&capabilities, &controls, &refusal))
		return true;
	table = &control_tables[refusal.set];
	log_info(LOG_ERROR
		 "this processor's VMX control \"%s\" can't be %u, which Umbra "
		 "needs: bit %u of %s (MSR %xh) is %u",
		 refusal.control->name, refusal.msr_bit >= 32, refusal.msr_bit,
		 has_true_controls() && table->true_msr ? table->true_msr_name
							: table->msr_name,
		 capability_msr(refusal.set), refusal.msr_bit < 32);
	print_remedy("another processor: Umbra needs this control");
	return false;
}

hpa_t vmx_make_vmcs(void)
{
	u32 *region = frames_alloc(1);
	hpa_t hpa;

	if (!region)
		panic("no memory for a VMCS");
	/* SDM vol. 3C, 24.2: the revision, and bit 31 (shadow VMCS) clear. */
	*region = capabilities.basic & BASIC_REVISION;
	hpa = virt_to_phys(region);
	if (!vmclear(hpa) || !vmptrld(hpa))
		panic("VMCLEAR or VMPTRLD failed on 0x%lx", hpa);
	return hpa;
}

void vmx_forget_vmcs(hpa_t hpa)
{
	if (!vmclear(hpa))
		panic("VMCLEAR failed on 0x%lx", hpa);
}

static bool enter_vmx_root(void)
{
	u32 *region = frames_alloc(1);
	u64 cr0 = cr0_read(), cr4 = cr4_read() | CR4_VMXE;

	if (!region)
		panic("no memory for the VMXON region");
	*region = capabilities.basic & BASIC_REVISION;
	/* SDM vol. 3D, A.7 and A.8: bits fixed in VMX operation. */
	cr0_write(cr0 | capabilities.cr0_fixed0);
	cr4_write((cr4 | capabilities.cr4_fixed0) & capabilities.cr4_fixed1);
	return vmxon(virt_to_phys(region));
}

/* VMX operation blocks INIT, and so a reset by some chipsets (23.8). */
static void leave_vmx_root(void)
{
	vmxoff();
	cr4_write(cr4_read() & ~CR4_VMXE);
}

bool vmx_start(void)
{
	if (!has_vmx() || !feature_control_allows())
		return false;
	vmx_read_capabilities();
	if (!regions_fit() || !controls_suffice())
		return false;
	if (!enter_vmx_root()) {
		log_info(LOG_ERROR "VMXON failed, although CPUID.1:ECX.VMX and "
				   "IA32_FEATURE_CONTROL (MSR 3Ah) allow it");
		print_remedy("report this machine: docs/hardware.md says how");
		return false;
	}
	machine_on_end(leave_vmx_root);
	return true;
}

void vmcs_access_failed(const char *instruction, enum vmcs_field field)
{
	u64 error;

	/* The error is in the VMCS, if there is one (SDM vol. 3C, 30.2). */
	if (!vmread_safe(VMCS_VM_INSTRUCTION_ERROR, &error))
		panic("%s of %s (%xh) failed: no VMCS is current", instruction,
		      vmcs_field_name(field), field);
	panic("%s of %s (%xh) failed: VM-instruction error %lu, %s",
	      instruction, vmcs_field_name(field), field, error,
	      vmx_instruction_error_text(error));
}
