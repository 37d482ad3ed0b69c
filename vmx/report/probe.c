/* SPDX-License-Identifier: MIT */
#include "arch/x86/cpu.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/msr.h"
#include "arch/x86/frames.h"
#include "arch/x86/boot_info.h"
#include "arch/x86/paging.h"
#include "arch/x86/firmware/smbios.h"
#include "vmx/report/list.h"
#include "vmx/report/probe.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "vmx/selftest.h"
#include "vmx/vmx.h"
#include "vmx/vpid.h"

#define FEATURES_SIZE 80 /* for all of their names */
#define PAIR_SIZE (2 * SMBIOS_STRING_SIZE)

static const char *pair(char out[PAIR_SIZE], const char *vendor,
			const char *name)
{
	snprintf(out, PAIR_SIZE, name[0] ? "%s %s" : "not told", vendor, name);
	return out;
}

static void print_machine(const struct boot_info *info)
{
	char system[PAIR_SIZE], board[PAIR_SIZE], firmware[PAIR_SIZE];
	struct smbios_names names;
	const char(*s)[SMBIOS_STRING_SIZE] = names.text;

	smbios_read(info->efi_table, paging_map_tables, &names);
	log_info("machine: %s; board: %s%s",
		 pair(system, s[SMBIOS_SYSTEM_VENDOR], s[SMBIOS_SYSTEM_NAME]),
		 pair(board, s[SMBIOS_BOARD_VENDOR], s[SMBIOS_BOARD_NAME]),
		 vmx_hypervisor() ? "" : "; no hypervisor below shows");
	log_info("firmware: %s %s, %s; booted by %s",
		 pair(firmware, s[SMBIOS_FIRMWARE_VENDOR],
		      s[SMBIOS_FIRMWARE_VERSION]),
		 s[SMBIOS_FIRMWARE_DATE], info->efi ? "UEFI" : "BIOS",
		 info->loader);
}

/* SDM vol. 2A, CPUID, figure 3-6: family and model have extensions. */
static void print_processor(u32 processors)
{
	struct cpuid_result r = cpuid(CPUID_FEATURES, 0);
	u32 family = r.eax >> 8 & 15, model = r.eax >> 4 & 15;
	u64 microcode = 0;

	if (family == 6 || family == 15)
		model += (r.eax >> 16 & 15) << 4;
	if (family == 15)
		family += r.eax >> 20 & 0xff;
	/* SDM vol. 3A, 9.11.7.1: 0 written, then CPUID, then the revision. */
	if (msr_write_safe(IA32_BIOS_SIGN_ID, 0)) {
		cpuid(CPUID_FEATURES, 0);
		msr_read_safe(IA32_BIOS_SIGN_ID, &microcode);
	}
	log_info("family %u, model %u, stepping %u, microcode 0x%x; "
		 "MAXPHYADDR %u%s",
		 family, model, r.eax & 15, (u32)(microcode >> 32),
		 cpuid(CPUID_ADDRESS_SIZE, 0).eax & 0xff,
		 /* Several have had a line of their own. */
		 processors == 1 ? "; 1 processor" : "");
}

static void print_features(void)
{
	const struct cpuid_result f = cpuid(CPUID_FEATURES, 0),
				  f7 = cpuid(CPUID_FEATURES_7, 0),
				  ext = cpuid(CPUID_EXT_FEATURES, 0);
	const struct {
		const char *name;
		u32 has;
	} features[] = {
		{ "VMX", f.ecx & CPUID_1_ECX_VMX },
		{ "SMX", f.ecx & CPUID_1_ECX_SMX },
		{ "NX", ext.edx & CPUID_EXT_EDX_NX },
		{ "1GB-pages", ext.edx & CPUID_EXT_EDX_PAGE1GB },
		{ "RDTSCP", ext.edx & CPUID_EXT_EDX_RDTSCP },
		{ "x2APIC", f.ecx & CPUID_1_ECX_X2APIC },
		{ "XSAVE", f.ecx & CPUID_1_ECX_XSAVE },
		{ "PCID", f.ecx & CPUID_1_ECX_PCID },
		{ "SMEP", f7.ebx & CPUID_7_EBX_SMEP },
		{ "SMAP", f7.ebx & CPUID_7_EBX_SMAP },
	};
	char has[FEATURES_SIZE] = "", lacks[FEATURES_SIZE] = "";

	for (size_t i = 0; i < ARRAY_SIZE(features); i++)
		snappend(features[i].has ? has : lacks, FEATURES_SIZE, " %s",
			 features[i].name);
	log_info("CPUID has%s%s%s", has, lacks[0] ? "; lacks" : "", lacks);
}

static void print_feature_control(void)
{
	u64 value;

	if (msr_read_safe(IA32_FEATURE_CONTROL, &value))
		log_info("IA32_FEATURE_CONTROL (3Ah) 0x%lx: %s", value,
			 feature_control_words(feature_control_judge(value)));
	else
		log_info("IA32_FEATURE_CONTROL (3Ah) can't be read");
}

/* Secondary controls that other hypervisors live by. */
static const struct {
	u8 bit;
	const char *name;
} unused_controls[] = {
	{ 1, "EPT" },	{ 7, "unrestricted guest" },
	{ 9, "APICv" }, { 14, "VMCS shadowing" },
	{ 17, "PML" },
};

/* Those of Umbra's wishes that the processor lacks, and the other way round. */
static void print_controls(const struct vmx_capabilities *c)
{
	struct list lacks = { .head = "VMX lacks: " };
	struct list unused = { .head = "not used by Umbra: " };

	for (u32 set = 0; set < CONTROL_SETS; set++) {
		const struct control_table *table = &control_tables[set];

		for (size_t i = 0; i < table->count; i++)
			if (table->controls[i].want != CONTROL_OFF &&
			    !(c->allowed[set] >> 32 &
			      BIT(table->controls[i].bit)))
				list_add(&lacks, table->controls[i].name);
	}
	for (size_t i = 0; i < ARRAY_SIZE(unused_controls); i++)
		if (c->allowed[CONTROLS_CPU2] >> 32 &
		    BIT(unused_controls[i].bit))
			list_add(&unused, unused_controls[i].name);
	list_end(&lacks, "none");
	list_end(&unused, "nothing");
}

static void print_capabilities(void)
{
	const struct vmx_capabilities *c;

	vmx_read_capabilities();
	c = vmx_capabilities();
	log_info("VMX: revision 0x%x, VMCS of %u bytes, %u CR3-target values",
		 (u32)(c->basic & BASIC_REVISION),
		 (u32)BASIC_VMCS_SIZE(c->basic),
		 (u32)MISC_CR3_TARGETS(c->misc));
	log_info("CR0 must have 0x%lx; CR4 must have 0x%lx, may have 0x%lx",
		 c->cr0_fixed0, c->cr4_fixed0, c->cr4_fixed1);
	print_controls(c);
}

static void print_memory(const struct boot_info *info)
{
	u64 ram = 0, largest = 0;
	u32 pieces = 0;

	for (unsigned int i = 0; i < info->region_count; i++) {
		if (info->regions[i].type != BOOT_MEMORY_RAM)
			continue;
		ram += info->regions[i].size;
		largest = MAX(largest, info->regions[i].size);
		pieces++;
	}
	log_info("memory map: %u entries; %llu MiB of RAM in %u pieces, "
		 "largest: %llu MiB",
		 info->region_count, ram / MIB, pieces, largest / MIB);
}

static void print_console(const struct boot_framebuffer *fb)
{
	char size[sizeof("a framebuffer of 4294967295 x 4294967295 x 255")] =
		"text of 80 x 25";

	if (fb->type == BOOT_FRAMEBUFFER_PIXELS)
		snprintf(size, sizeof(size), "a framebuffer of %u x %u x %u",
			 fb->width, fb->height, fb->bits_per_pixel);
	log_info("screen: %s; PS/2 keyboard controller: %s", size,
		 log_has_keyboard() ? "found" : "none");
}

void probe_print(const struct boot_info *info)
{
	print_machine(info);
	print_processor(info->processors);
	print_features();
	print_memory(info);
	print_console(&info->framebuffer);
	if (!(cpuid(CPUID_FEATURES, 0).ecx & CPUID_1_ECX_VMX))
		return;
	print_feature_control();
	print_capabilities();
}

void probe_conclude(const struct selftest_result *selftest)
{
	struct vmx_controls controls = { 0 };
	struct control_refusal refusal;

	const char *no_vpid =
		vpid_objection(vmx_capabilities(), VPID_AUTO, vmx_hypervisor());

	if (no_vpid)
		log_info("VPID: %s", no_vpid);
	/* vmx_start() has made sure of it. */
	vmx_choose_controls(vmx_capabilities(), &controls, &refusal);
	log_info(LOG_HEADLINE "Umbra can run here, %s; %s%s",
		 selftest->filter_works && selftest->leaf_trap_present
			 ? "with the bypass (mmu=bypass)"
		 : selftest->filter_works
			 ? "with the bypass but for 4-level paging with NXE=1"
			 : "without the bypass: every page fault exits",
		 vmx_switches_efer(&controls) ? "EFER by controls"
					      : "EFER by the MSR areas",
		 no_vpid ? "" : "; VPID");
}
