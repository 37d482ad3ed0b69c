/* SPDX-License-Identifier: MIT */
/*
 * VMX operation: SDM vol. 3C, 23.6 to 23.8 for what must be so before VMXON,
 * appendix A for the capability MSRs.
 */
#include "arch/x86/cpu.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/msr.h"
#include "arch/x86/paging.h"
#include "arch/x86/power.h"
#include "arch/x86/regs.h"
#include "boot/memory.h"
#include "lib/log.h"
#include "vmx/vmcs.h"
#include "vmx/vmx.h"

/* IA32_VMX_BASIC, SDM vol. 3D, A.1. */
#define BASIC_REVISION BITS(30, 0)
#define BASIC_TRUE_CONTROLS BIT(55)

static struct vmx_capabilities capabilities;

const struct vmx_capabilities *vmx_capabilities(void)
{
	return &capabilities;
}

static bool feature_control_allows(void)
{
	u64 control = rdmsr(IA32_FEATURE_CONTROL);

	if (!(control & FEATURE_CONTROL_LOCK)) {
		control |= FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX;
		wrmsr(IA32_FEATURE_CONTROL, control);
	}
	if (control & FEATURE_CONTROL_VMX)
		return true;
	log_info("VMX is locked off: IA32_FEATURE_CONTROL (MSR 3Ah) is 0x%lx, "
		 "bit 0 (lock) set and bit 2 (VMX outside SMX) clear",
		 control);
	log_info("remedy: switch on \"Intel Virtualization Technology\" (VT-x) "
		 "in the firmware's set-up, then power the machine off and on");
	return false;
}

static void read_capabilities(void)
{
	static const u32 msrs[CONTROL_SETS] = {
		[CONTROLS_PIN] = IA32_VMX_PINBASED_CTLS,
		[CONTROLS_CPU] = IA32_VMX_PROCBASED_CTLS,
		[CONTROLS_EXIT] = IA32_VMX_EXIT_CTLS,
		[CONTROLS_ENTRY] = IA32_VMX_ENTRY_CTLS,
	};
	static const u32 true_msrs[CONTROL_SETS] = {
		[CONTROLS_PIN] = IA32_VMX_TRUE_PINBASED_CTLS,
		[CONTROLS_CPU] = IA32_VMX_TRUE_PROCBASED_CTLS,
		[CONTROLS_EXIT] = IA32_VMX_TRUE_EXIT_CTLS,
		[CONTROLS_ENTRY] = IA32_VMX_TRUE_ENTRY_CTLS,
	};
	struct vmx_capabilities *c = &capabilities;

	c->basic = rdmsr(IA32_VMX_BASIC);
	c->misc = rdmsr(IA32_VMX_MISC);
	c->cr0_fixed0 = rdmsr(IA32_VMX_CR0_FIXED0);
	c->cr0_fixed1 = rdmsr(IA32_VMX_CR0_FIXED1);
	c->cr4_fixed0 = rdmsr(IA32_VMX_CR4_FIXED0);
	c->cr4_fixed1 = rdmsr(IA32_VMX_CR4_FIXED1);
	for (int set = 0; set < CONTROL_SETS; set++) {
		if (set == CONTROLS_CPU2)
			continue;
		c->allowed_msr[set] = c->basic & BASIC_TRUE_CONTROLS ?
					      true_msrs[set] :
					      msrs[set];
		c->allowed[set] = rdmsr(c->allowed_msr[set]);
	}
	/* The MSR of the secondary controls is there only if they are. */
	c->allowed_msr[CONTROLS_CPU2] = IA32_VMX_PROCBASED_CTLS2;
	if (c->allowed[CONTROLS_CPU] >> 32 & CPU_SECONDARY_CONTROLS)
		c->allowed[CONTROLS_CPU2] = rdmsr(IA32_VMX_PROCBASED_CTLS2);
}

hpa_t vmx_make_vmcs(void)
{
	u32 *region = memory_alloc(1);
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

static bool enter_vmx_root(void)
{
	u32 *region = memory_alloc(1);
	u64 cr0 = cr0_read(), cr4 = cr4_read() | CR4_VMXE;

	if (!region)
		panic("no memory for the VMXON region");
	*region = capabilities.basic & BASIC_REVISION;
	/* SDM vol. 3D, A.7 and A.8: bits fixed in VMX operation. */
	cr0_write((cr0 | capabilities.cr0_fixed0) & capabilities.cr0_fixed1);
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
	const struct control_wish *missing;
	struct vmx_controls controls;

	if (!(cpuid(CPUID_FEATURES, 0).ecx & CPUID_1_ECX_VMX)) {
		log_info("this processor shows no VMX: CPUID.1:ECX.VMX (bit 5) "
			 "is 0");
		log_info("remedy: Umbra needs an Intel processor with VT-x; "
			 "under QEMU, KVM with kvm_intel's nested=1 and "
			 "-cpu host; or Bochs, which emulates one");
		return false;
	}
	if (!feature_control_allows())
		return false;
	read_capabilities();
	missing = vmx_choose_controls(&capabilities, &controls);
	if (missing) {
		log_info("the processor lacks the VMX control %s: MSR %xh, "
			 "bit %d of the high half, is 0",
			 missing->name, capabilities.allowed_msr[missing->set],
			 __builtin_ctz(missing->bit));
		return false;
	}
	if (!enter_vmx_root()) {
		log_info("VMXON failed, although CPUID and "
			 "IA32_FEATURE_CONTROL allow it");
		return false;
	}
	machine_on_end(leave_vmx_root);
	return true;
}

const char *vmx_instruction_error_text(u32 number)
{
	static const char *const text[] = {
		[1] = "VMCALL executed in VMX root operation",
		[2] = "VMCLEAR with invalid physical address",
		[3] = "VMCLEAR with VMXON pointer",
		[4] = "VMLAUNCH with non-clear VMCS",
		[5] = "VMRESUME with non-launched VMCS",
		[6] = "VMRESUME after VMXOFF",
		[7] = "VM entry with invalid control field(s)",
		[8] = "VM entry with invalid host-state field(s)",
		[9] = "VMPTRLD with invalid physical address",
		[10] = "VMPTRLD with VMXON pointer",
		[11] = "VMPTRLD with incorrect VMCS revision identifier",
		[12] = "VMREAD/VMWRITE from/to unsupported VMCS component",
		[13] = "VMWRITE to read-only VMCS component",
		[15] = "VMXON executed in VMX root operation",
		[16] = "VM entry with invalid executive-VMCS pointer",
		[17] = "VM entry with non-launched executive VMCS",
		[18] = "VM entry with executive-VMCS pointer not VMXON pointer",
		[19] = "VMCALL with non-clear VMCS",
		[20] = "VMCALL with invalid VM-exit control fields",
		[22] = "VMCALL with incorrect MSEG revision identifier",
		[23] = "VMXOFF under dual-monitor treatment",
		[24] = "VMCALL with invalid SMM-monitor features",
		[25] = "VM entry with invalid VM-execution control fields in "
		       "executive VMCS",
		[26] = "VM entry with events blocked by MOV SS",
		[28] = "invalid operand to INVEPT/INVVPID",
	};

	if (number < ARRAY_SIZE(text) && text[number])
		return text[number];
	return "no error that the SDM names";
}

void vmcs_access_failed(const char *instruction, enum vmcs_field field)
{
	panic("%s of %s (%xh) failed", instruction, vmcs_field_name(field),
	      field);
}
