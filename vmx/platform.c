/* SPDX-License-Identifier: MIT */
#include "arch/x86/msr.h"
#include "lib/string.h"
#include "vmx/platform.h"

enum feature_control feature_control_judge(u64 value)
{
	if (!(value & FEATURE_CONTROL_LOCK))
		return FEATURE_CONTROL_OPEN;
	if (value & FEATURE_CONTROL_VMX)
		return FEATURE_CONTROL_ON;
	return value & FEATURE_CONTROL_VMX_IN_SMX ? FEATURE_CONTROL_SMX_ONLY
						  : FEATURE_CONTROL_OFF;
}

const char *feature_control_words(enum feature_control verdict)
{
	static const char *const words[FEATURE_CONTROLS] = {
		[FEATURE_CONTROL_ON] = "locked, with VMX outside SMX",
		[FEATURE_CONTROL_OPEN] = "not locked: Umbra sets bits 0 and 2",
		[FEATURE_CONTROL_OFF] =
			"bit 0 (lock) set and bit 2 (VMX outside SMX) clear",
		[FEATURE_CONTROL_SMX_ONLY] =
			"bit 0 (lock) set, bit 1 (VMX inside SMX) set and bit "
			"2 (VMX outside SMX) clear",
	};

	return words[verdict];
}

const char firmware_remedy[] =
	"in the firmware's set-up switch on \"Intel Virtualization "
	"Technology\" (VT-x), and off \"Trusted Execution\" (TXT); then power "
	"the machine off and on";

/*
 * The signatures in CPUID leaf 40000000h, by each hypervisor's documentation.
 */
static const struct hypervisor hypervisors[] = {
	{ "KVMKVMKVM\0\0", "KVM",
	  "on the host, modprobe kvm_intel nested=1, and give this machine the "
	  "host's processor (-cpu host)" },
	{ "TCGTCGTCGTCG", "QEMU's own emulation (TCG)",
	  "it has no VMX: use KVM (-accel kvm -cpu host, kvm_intel nested=1), "
	  "or Bochs, which emulates VMX" },
	{ "VBoxVBoxVBox", "VirtualBox",
	  "VBoxManage modifyvm NAME --nested-hw-virt on, on an Intel host" },
	{ "VMwareVMware", "VMware",
	  "in this machine's processor settings, \"Virtualize Intel "
	  "VT-x/EPT\" (vhv.enable = \"TRUE\")" },
	{ "Microsoft Hv", "Hyper-V",
	  "on the host, Set-VMProcessor -VMName NAME "
	  "-ExposeVirtualizationExtensions $true" },
	{ "XenVMMXenVMM", "Xen",
	  "nestedhvm=1 in this machine's configuration" },
	{ NULL, "an unknown hypervisor",
	  "have it give this machine nested VMX (VT-x)" },
};

const struct hypervisor *hypervisor_find(const char *signature)
{
	const struct hypervisor *h = hypervisors;

	while (h->signature &&
	       memcmp(h->signature, signature, HYPERVISOR_SIGNATURE))
		h++;
	return h;
}
