/* SPDX-License-Identifier: MIT */
#include "arch/x86/cpu.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/paging.h"
#include "arch/x86/regs.h"
#include "arch/x86/frames.h"
#include "lib/log.h"
#include "vmx/doctor/entry_check.h"
#include "vmx/vmcs.h"
#include "vmx/vmx.h"

extern const u8 image_start[], image_end[];

static u64 read_field(const struct doctor *d, enum vmcs_field field)
{
	u64 value;

	return vmread_safe(field, &value) ? value : 0;
}

/* Reads 0 where there is no RAM: a broken VMCS may hold any address. */
static u64 read_memory(const struct doctor *d, hpa_t hpa)
{
	hpa_t start = virt_to_phys(image_start), end = virt_to_phys(image_end);

	/* The direct map leaves the image out. */
	if (hpa >= start && hpa < end)
		return *(const u64 *)(image_start + (hpa - start));
	return hpa < frames_top() ? *(const u64 *)phys_to_virt(hpa) : 0;
}

struct doctor entry_doctor(hpa_t vmcs)
{
	u32 sizes = cpuid(CPUID_ADDRESS_SIZE, 0).eax;

	return (struct doctor){
		.read = read_field,
		.read_memory = read_memory,
		.capabilities = vmx_capabilities(),
		.efer = EFER_SCE | EFER_LME | EFER_LMA |
			(cpu_has_nx() ? EFER_NXE : 0),
		.vmcs = vmcs,
		.maxphyaddr = sizes & 0xff,
		.linear_bits = sizes >> 8 & 0xff,
	};
}

static void print_finding(const struct doctor_finding *f, void *context)
{
	enum vmcs_field field = doctor_field(f->rule, f->n);

	log_info(LOG_ERROR
		 "entry doctor: %s, SDM vol. 3C, %s: %s is 0x%lx; expected: %s",
		 doctor_verdict_name(f->verdict), f->rule->section,
		 vmcs_field_name(field), f->value, f->rule->expected);
}

enum doctor_verdict entry_check(hpa_t vmcs)
{
	struct doctor d = entry_doctor(vmcs);

	return doctor_examine(&d, print_finding, NULL);
}
