/* SPDX-License-Identifier: MIT */
/* Making the shadow MMU of a VM, and its policy. */
#include "lib/string.h"
#include "mmu/page/page.h"

static void *alloc_bytes(const struct mmu_config *config, u64 bytes)
{
	return config->ops->alloc(config->ctx,
				  ALIGN_UP(bytes, PAGE_SIZE) / PAGE_SIZE);
}

static u64 region_count(u64 gfn_count)
{
	return (gfn_count + LARGE_FRAMES - 1) / LARGE_FRAMES;
}

/* Number of buckets: a power of two, at least twice the number of pages. */
static u32 hash_size(u32 pages)
{
	u32 size = 1;

	while (size < 2 * pages)
		size *= 2;
	return size;
}

/* Maximum number of tables that are open at once: between these two. */
#define COPIES_MIN 4
#define COPIES_MAX 512

static u32 copy_count(u64 pages)
{
	return MIN(MAX(pages / 8, (u64)COPIES_MIN), (u64)COPIES_MAX);
}

u64 mmu_dirty_log_words(const struct mmu *mmu)
{
	return (mmu->config.gfn_count + 63) / 64;
}

static bool alloc_tables(struct mmu *mmu)
{
	const struct mmu_config *config = &mmu->config;
	u64 pages = config->shadow_pages;
	u64 buckets = hash_size(config->shadow_pages);

	mmu->frames =
		alloc_bytes(config, config->gfn_count * sizeof(*mmu->frames));
	mmu->regions = alloc_bytes(config, region_count(config->gfn_count) *
						   sizeof(*mmu->regions));
	mmu->dirty_log =
		alloc_bytes(config, mmu_dirty_log_words(mmu) * sizeof(u64));
	mmu->pages = alloc_bytes(config, pages * sizeof(*mmu->pages));
	mmu->links =
		alloc_bytes(config, pages * PT_ENTRIES * sizeof(*mmu->links));
	mmu->tables = alloc_bytes(config, pages * PAGE_SIZE);
	mmu->hash = alloc_bytes(config, buckets * sizeof(*mmu->hash));
	mmu->hash_mask = buckets - 1;
	mmu->copy_count = copy_count(pages);
	mmu->copies = alloc_bytes(config, (u64)mmu->copy_count * PAGE_SIZE);
	return mmu->frames && mmu->regions && mmu->dirty_log && mmu->pages &&
	       mmu->links && mmu->tables && mmu->hash && mmu->copies;
}

/* A placed root takes the place of a guest's frame, which moves here (place.c).
 */
static bool reserve_frames(struct mmu *mmu)
{
	const struct mmu_config *config = &mmu->config;
	const void *memory;

	if (!config->targets)
		return true;
	memory = config->ops->alloc(config->ctx, config->targets);
	if (memory)
		mmu->placing.reserve =
			config->ops->to_hpa(config->ctx, memory) >> PAGE_SHIFT;
	return memory;
}

u64 mmu_memory(u64 gfn_count, u64 shadow_pages)
{
	/* Nine pieces and the struct itself are rounded to pages, each of them.
	 */
	return gfn_count * sizeof(struct guest_frame) + gfn_count / 8 +
	       region_count(gfn_count) * sizeof(struct guest_region) +
	       shadow_pages * (sizeof(struct shadow_page) + PAGE_SIZE +
			       PT_ENTRIES * sizeof(struct spte_link)) +
	       hash_size(shadow_pages) * sizeof(u32) + sizeof(struct mmu) +
	       (copy_count(shadow_pages) + 10ULL + MMU_TARGETS_MAX) * PAGE_SIZE;
}

__cold struct mmu *mmu_create(const struct mmu_config *config)
{
	struct mmu *mmu;

	/* gfns are kept in 32 bits. */
	if (config->shadow_pages < MMU_MIN_SHADOW_PAGES ||
	    config->shadow_pages > MMU_MAX_SHADOW_PAGES ||
	    config->gfn_count >= LINK_NONE)
		return NULL;
	mmu = alloc_bytes(config, sizeof(*mmu));
	if (!mmu)
		return NULL;
	mmu->config = *config;
	mmu->config.targets = MIN(config->targets, MMU_TARGETS_MAX);
	mmu->policy = config->policy;
	if (!alloc_tables(mmu) || !reserve_frames(mmu))
		return NULL;
	mmu->tables_hpa = config->ops->to_hpa(config->ctx, mmu->tables);
	for (gfn_t gfn = 0; gfn < config->gfn_count; gfn++)
		mmu->frames[gfn].rmap = LINK_NONE;
	for (u64 i = 0; i < region_count(config->gfn_count); i++)
		mmu->regions[i].rmap = LINK_NONE;
	for (u32 i = 0; i <= mmu->hash_mask; i++)
		mmu->hash[i] = LINK_NONE;
	mmu->lru_first = mmu->lru_last = LINK_NONE;
	mmu->free = LINK_NONE;
	for (u32 i = config->shadow_pages; i-- > 0;) {
		struct shadow_page *sp = &mmu->pages[i];

		sp->spt = &mmu->tables[(u64)i * PT_ENTRIES];
		sp->links = &mmu->links[(u64)i * PT_ENTRIES];
		sp->number = i;
		sp->hash_next = mmu->free;
		mmu->free = i;
	}
	mmu->free_count = config->shadow_pages;
	mmu->written = mmu->pages;
	mmu->tables_unlinked = 1;
	mmu->copy_free = LINK_NONE;
	for (u32 i = 0; i < mmu->copy_count; i++)
		shadow_free_copy(mmu, i);
	return mmu;
}

__cold void mmu_cpu_init(struct mmu_cpu *cpu, struct mmu *mmu)
{
	memset(cpu, 0, sizeof(*cpu));
	cpu->mmu = mmu;
	mmu->cpu = cpu;
	cpu->root_is_new = cpu->targets_are_new = cpu->cr3_store_exits = true;
	mmu_derive_state(cpu);
}

void *mmu_ask_gfn(const struct mmu *mmu, gfn_t gfn)
{
	struct guest_frame *frame = &mmu->frames[gfn];
	const struct mmu_ops *ops = mmu->config.ops;
	hfn_t hfn = ops->gfn_to_hfn(mmu->config.ctx, gfn);

	if (hfn != HFN_NONE) {
		frame->page = ops->map(mmu->config.ctx, hfn);
		frame->hfn = hfn;
	}
	return frame->page;
}

void mmu_frames_changed(struct mmu_cpu *cpu)
{
	struct mmu *mmu = cpu->mmu;

	shadow_zap_all(mmu);
	for (gfn_t gfn = 0; gfn < mmu->config.gfn_count; gfn++)
		mmu->frames[gfn].page = NULL;
	for (u64 i = 0; i < region_count(mmu->config.gfn_count); i++)
		mmu->regions[i].probed = false;
}

void mmu_set_policy(struct mmu_cpu *cpu, const struct mmu_policy *policy)
{
	struct mmu *mmu = cpu->mmu;

	/* ABSENT means something else under each policy: no page may stay. */
	shadow_zap_all(mmu);
	/* So do the facts that follow from a role. No role is 0. */
	for (u32 i = 0; i < mmu->config.shadow_pages; i++)
		mmu->pages[i].role.word = 0;
	mmu->policy = *policy;
	mmu_derive_state(cpu);
}

const struct mmu_policy *mmu_policy(const struct mmu *mmu)
{
	return &mmu->policy;
}

struct mmu_stats *mmu_stats(struct mmu *mmu)
{
	return &mmu->stats;
}
