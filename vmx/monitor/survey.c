/* SPDX-License-Identifier: MIT */
/* The commands for all of the shadow, or of the guest's tables. */
#include "lib/log.h"
#include "lib/parse.h"
#include "mmu/view/survey.h"
#include "mmu/view/view.h"
#include "vmx/monitor/commands.h"
#include "vmx/report/view_words.h"
#include "vmx/vm.h"

#define PAGES_SHOWN 16
#define MAPPINGS_SHOWN 32
#define RANGES_SHOWN 16
/* Maximum number of pages and gaps that one map looks at, so that it ends. */
#define LOOKS_MAX (256 * KIB)

static const char page_head[] =
	"   page of gfn             up TRAP MMIO TABL LEAF  role";

static void print_page(const struct mmu_page_survey *page)
{
	char words[PAGE_WORDS];

	page_words(page, words);
	log_info("  %5u %-4s 0x%-8lx %4u %4u %4u %4u %4u  %s", page->number,
		 level_name(page->role.level), page->gfn, page->parents,
		 page->entries[SPTE_TRAP], page->entries[SPTE_MMIO],
		 page->entries[SPTE_TABLE], page->entries[SPTE_LEAF], words);
}

HANDLER(pages)
{
	struct mmu_page_survey page;
	u32 cursor = SURVEY_START;
	u64 wanted = PAGES_SHOWN;

	if (count > 1 && !parse_hex(words[1], &wanted))
		return false;
	log_info("%s", page_head);
	while (wanted-- && mmu_survey_page(&vm->vcpu.paging, &cursor, &page))
		print_page(&page);
	log_info("%lu in use of %lu", mmu_stats(vm->mmu)->pages_in_use,
		 vm->shadow_pages);
	return true;
}

/* Prints the shadow pages of a frame as a table. */
static void print_tables(struct vm *vm, gfn_t gfn)
{
	struct mmu_page_survey page;
	u32 cursor = SURVEY_START, found = 0;

	log_info("%s", page_head);
	while (mmu_survey_page(&vm->vcpu.paging, &cursor, &page)) {
		if (page.role.tableless || page.gfn != gfn)
			continue;
		found++;
		print_page(&page);
	}
	if (!found)
		log_info("no shadow of it as a table: no write exits");
}

HANDLER(why)
{
	struct mmu_mapping mapping;
	u32 cursor = SURVEY_START, mappings = 0;
	char entry[REAL_WORDS];
	gfn_t gfn;

	if (!parse_hex(words[1], &gfn))
		return false;
	if (!mmu_survey_is_ram(vm->mmu, gfn)) {
		log_info("there is no RAM");
		return true;
	}
	print_tables(vm, gfn);
	while (mmu_survey_mapping(vm->mmu, gfn, &cursor, &mapping)) {
		if (mappings++ >= MAPPINGS_SHOWN)
			continue;
		entry_words(entry, mapping.spte);
		log_info("mapped by page %u, %s of gfn 0x%lx, slot 0x%x: %s",
			 mapping.page, level_name(mapping.level), mapping.gfn,
			 mapping.slot, entry);
		log_info("  %s", write_words(mapping.write));
	}
	log_info("entries that map it: %u", mappings);
	return true;
}

static void print_range(const struct mmu_range *range)
{
	log_info("  %016lx-%016lx  r%c%c%c %12lu %12lu", range->start,
		 range->start + range->bytes - 1,
		 range->access & ACCESS_W ? 'w' : '-',
		 range->access & ACCESS_X ? 'x' : '-',
		 range->access & ACCESS_U ? 'u' : '-',
		 (u64)(range->bytes / KIB), (u64)(range->shadowed / KIB));
}

HANDLER(map)
{
	const struct mmu_cpu *cpu = &vm->vcpu.paging;
	u32 looks = LOOKS_MAX;
	struct mmu_range range;
	gva_t gva = 0;

	if ((count > 1 && !parse_hex(words[1], &gva)) ||
	    !mmu_has_address(cpu, gva))
		return false;
	log_info("  %-33s  %-4s %12s %12s", "addresses", "", "KiB", "shadowed");
	for (u32 shown = 0; shown < RANGES_SHOWN &&
			    mmu_survey_range(cpu, &gva, &looks, &range);
	     shown++)
		print_range(&range);
	if (gva)
		log_info("for more: map %lx", gva);
	else
		log_info("nothing is mapped above");
	return true;
}
