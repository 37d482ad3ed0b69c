/* SPDX-License-Identifier: MIT */
#include "arch/x86/cpu.h"
#include "arch/x86/frames.h"
#include "arch/x86/msr.h"
#include "arch/x86/paging.h"
#include "arch/x86/time.h"
#include "boot/facts.h"
#include "lib/log.h"

#define MHZ 1000000

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
	log_info("memory: %llu MiB in %u pieces, largest %llu; %llu MiB free",
		 ram / MIB, pieces, largest / MIB,
		 frames_free_count() / (MIB / PAGE_SIZE));
	if (info->regions_lost)
		log_info(LOG_WARNING
			 "long memory map: the %u smallest regions, %llu KiB, "
			 "are not used",
			 info->regions_lost, info->ram_lost / KIB);
}

void facts_print(const struct boot_info *info, bool is_probe)
{
	char brand[CPU_BRAND_SIZE];
	u64 mtrrs;

	cpu_brand(brand);
	log_info("processor: %s; TSC %lu MHz", brand, (tsc_hz + MHZ / 2) / MHZ);
	log_info("boot: %s on %s; image at 0x%lx; %s: %u", info->loader,
		 info->efi ? "UEFI" : "BIOS", image_load_base,
		 is_probe ? "processors" : "modules",
		 is_probe ? MAX(info->processors, 1U) : info->module_count);
	print_memory(info);
	/* The firmware sets the MTRRs: it alone knows where the devices are. */
	if (msr_read_safe(IA32_MTRR_DEF_TYPE, &mtrrs) &&
	    !(mtrrs & MTRR_DEF_TYPE_ENABLE))
		log_info(LOG_WARNING "the firmware left the MTRRs off "
				     "(IA32_MTRR_DEF_TYPE 0x%lx): all is slow",
			 mtrrs);
	if (info->processors > 1 && !is_probe)
		log_info("processors: %u by the MADT; the others stay parked "
			 "by the firmware",
			 info->processors);
}
