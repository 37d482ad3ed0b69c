/* SPDX-License-Identifier: MIT */
#include "arch/x86/cpu.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/msr.h"
#include "arch/x86/frames.h"
#include "arch/x86/boot_info.h"
#include "arch/x86/paging.h"
#include "arch/x86/firmware/smbios.h"
#include "vmx/report/probe.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "vmx/start/selftest.h"
#include "vmx/vmx.h"
#include "vmx/vpid.h"

#define FEATURES_SIZE 80 /* enough for all of their names */
#define WORDS_SIZE 160
#define PAIR_SIZE 61 /* two of them fit in a row */

static const char *maker_and_name(char out[PAIR_SIZE], const char *vendor,
				  const char *name)
{
	snprintf(out, PAIR_SIZE, name[0] ? "%s%s%s" : "not told", vendor,
		 vendor[0] ? " " : "", name);
	return out;
}

static void print_machine(const struct boot_info *info)
{
	char system[PAIR_SIZE], board[PAIR_SIZE], firmware[PAIR_SIZE];
	struct smbios_names names;
	const char(*s)[SMBIOS_STRING_SIZE] = names.text;
	const char *maker = s[SMBIOS_BOARD_VENDOR];

	smbios_read(info->efi_table, paging_map_tables, &names);
	if (strcmp(maker, s[SMBIOS_SYSTEM_VENDOR]) == 0)
		maker = "";
	log_info("machine: %s; board: %s",
		 maker_and_name(system, s[SMBIOS_SYSTEM_VENDOR],
				s[SMBIOS_SYSTEM_NAME]),
		 maker_and_name(board, maker, s[SMBIOS_BOARD_NAME]));
	log_info("firmware: %.50s %s",
		 maker_and_name(firmware, s[SMBIOS_FIRMWARE_VENDOR],
				s[SMBIOS_FIRMWARE_VERSION]),
		 s[SMBIOS_FIRMWARE_DATE]);
}

/* SDM vol. 2A, CPUID, figure 3-6: family and model have extensions. */
static void print_processor(void)
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
		 "MAXPHYADDR %u",
		 family, model, r.eax & 15, (u32)(microcode >> 32),
		 cpuid(CPUID_ADDRESS_SIZE, 0).eax & 0xff);
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

/* If VMX can't be switched on, Umbra's refusal says so. */
static void print_feature_control(void)
{
	enum feature_control verdict;
	u64 value;

	if (!msr_read_safe(IA32_FEATURE_CONTROL, &value))
		return;
	verdict = feature_control_judge(value);
	if (verdict == FEATURE_CONTROL_ON || verdict == FEATURE_CONTROL_OPEN)
		log_info("IA32_FEATURE_CONTROL (3Ah) 0x%lx: %s", value,
			 feature_control_words(verdict));
}

/* Secondary controls on which other hypervisors depend. */
static const struct {
	u8 bit;
	const char *name;
} unused_controls[] = {
	{ 1, "EPT" },	{ 7, "unrestricted guest" },
	{ 9, "APICv" }, { 14, "VMCS shadowing" },
	{ 17, "PML" },
};

/*
 * Finds the controls that Umbra wants and the processor lacks; WORDS_SIZE
 * bytes.
 */
static void find_lacking(const struct vmx_capabilities *c, char *words)
{
	const char *last = "";

	for (u32 set = 0; set < CONTROL_SETS; set++) {
		const struct control_table *table = &control_tables[set];

		/*
		 * Without secondary controls one lacking control stands for all
		 * of them.
		 */
		if (set == CONTROLS_CPU2 && !c->allowed[set])
			continue;
		for (size_t i = 0; i < table->count; i++) {
			const struct control *control = &table->controls[i];

			/* Entry and exit have a control of the same name. */
			if (control->want == CONTROL_OFF ||
			    c->allowed[set] >> 32 & BIT(control->bit) ||
			    strcmp(control->name, last) == 0)
				continue;
			last = control->name;
			snappend(words, WORDS_SIZE, "%s %s",
				 words[0] ? "," : "", last);
		}
	}
}

static void print_unused(const struct vmx_capabilities *c, u32 processors)
{
	char words[WORDS_SIZE] = "";

	if (processors > 1)
		snappend(words, WORDS_SIZE, " %u CPUs,", processors - 1);
	for (size_t i = 0; i < ARRAY_SIZE(unused_controls); i++)
		if (c->allowed[CONTROLS_CPU2] >> 32 &
		    BIT(unused_controls[i].bit))
			snappend(words, WORDS_SIZE, " %s,",
				 unused_controls[i].name);
	if (words[0])
		words[strlen(words) - 1] = '\0';
	log_info("not used:%s", words[0] ? words : " nothing");
}

static void print_capabilities(u32 processors)
{
	const struct vmx_capabilities *c = vmx_capabilities();
	char lacking[WORDS_SIZE] = "";

	vmx_read_capabilities();
	find_lacking(c, lacking);
	log_info("VMX: VMCS of %u bytes, revision 0x%x, %u CR3 targets; "
		 "lacks%s",
		 (u32)BASIC_VMCS_SIZE(c->basic),
		 (u32)(c->basic & BASIC_REVISION),
		 (u32)MISC_CR3_TARGETS(c->misc),
		 lacking[0] ? lacking : " nothing");
	log_info("CR0 must have 0x%lx; CR4 must have 0x%lx, may have 0x%lx",
		 c->cr0_fixed0, c->cr4_fixed0, c->cr4_fixed1);
	print_unused(c, processors);
}

static void print_console(const struct boot_framebuffer *fb)
{
	char size[sizeof("4294967295 x 4294967295 pixels of 255 bits")] =
		"text of 80 x 25";
	const struct hypervisor *below = vmx_hypervisor();

	if (fb->type == BOOT_FRAMEBUFFER_PIXELS)
		snprintf(size, sizeof(size), "%u x %u pixels of %u bits",
			 fb->width, fb->height, fb->bits_per_pixel);
	log_info("screen: %s; PS/2 controller: %s; %s%s", size,
		 log_has_keyboard() ? "found" : "none",
		 below ? "under " : "no hypervisor below",
		 below ? below->name : "");
}

void probe_print(const struct boot_info *info)
{
	print_machine(info);
	print_processor();
	print_features();
	print_console(&info->framebuffer);
	if (!(cpuid(CPUID_FEATURES, 0).ecx & CPUID_1_ECX_VMX))
		return;
	print_feature_control();
	print_capabilities(info->processors);
}

void probe_conclude(const struct selftest_result *selftest)
{
	struct vmx_controls controls = { 0 };
	struct control_refusal refusal;
	const char *no_vpid =
		vpid_objection(vmx_capabilities(), VPID_AUTO, vmx_hypervisor());

	/* If the control is lacking, the row of lacking controls has it. */
	if (no_vpid &&
	    vmx_capabilities()->allowed[CONTROLS_CPU2] >> 32 & CPU2_ENABLE_VPID)
		log_info("VPID: %s", no_vpid);
	/* vmx_start() has found that they can be chosen. */
	vmx_choose_controls(vmx_capabilities(), &controls, &refusal);
	log_info(LOG_HEADLINE "Umbra can run here, %s; %s%s",
		 !selftest->filter_works       ? "without the bypass"
		 : selftest->leaf_trap_present ? "with the bypass (mmu=bypass)"
					       : "with the bypass unless NXE=1",
		 vmx_switches_efer(&controls) ? "EFER by controls"
					      : "EFER by the MSR areas",
		 no_vpid ? "" : "; VPID");
}
