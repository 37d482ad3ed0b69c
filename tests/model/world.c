/* SPDX-License-Identifier: MIT */
/* The model's machine: its memory, and what the MMU is given. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/model/model.h"

/* Host-physical memory: the MMU's own, and the guest's, in another order. */
#define ARENA_HPA 0x1000000ULL
#define ARENA_PAGES 512
#define MODEL_HFN_BASE 0x40000ULL
#define HFN_STEP 37 /* coprime to MODEL_FRAMES */
#define HFN_STEP_INVERSE 45 /* 37 * 45 = 1 (mod 64) */

const u16 model_slots[MODEL_SLOTS] = { 0, 1, 2, 511 };

/* SplitMix64 (Steele, Lea, Flood 2014). */
u64 model_random(struct model *m, u64 below)
{
	u64 z = m->rng += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return (z ^ (z >> 31)) % below;
}

void model_fail(struct model *m, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(m->failure, sizeof(m->failure), fmt, args);
	va_end(args);
	longjmp(m->failed, 1);
}

void model_log(const struct model *m, const char *fmt, ...)
{
	va_list args;

	if (!m->verbose)
		return;
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}

int model_frame(gfn_t gfn)
{
	if (gfn < MODEL_LOW_FRAMES)
		return (int)gfn;
	if (gfn >= MODEL_HIGH_GFN &&
	    gfn < MODEL_HIGH_GFN + MODEL_FRAMES - MODEL_LOW_FRAMES)
		return (int)(gfn - MODEL_HIGH_GFN + MODEL_LOW_FRAMES);
	return -1;
}

gfn_t model_gfn(unsigned int frame)
{
	return frame < MODEL_LOW_FRAMES
		       ? frame
		       : frame - MODEL_LOW_FRAMES + MODEL_HIGH_GFN;
}

static hfn_t frame_to_hfn(unsigned int frame)
{
	return MODEL_HFN_BASE + frame * HFN_STEP % MODEL_FRAMES;
}

gfn_t model_gfn_of_hpa(hpa_t hpa)
{
	u64 n = (hpa >> PAGE_SHIFT) - MODEL_HFN_BASE;

	if (n >= MODEL_FRAMES)
		return HFN_NONE;
	return model_gfn(n * HFN_STEP_INVERSE % MODEL_FRAMES);
}

u8 *model_ram(struct model *m, gpa_t gpa)
{
	int frame = model_frame(gpa >> PAGE_SHIFT);

	if (frame < 0)
		return NULL;
	return m->ram + (frame_to_hfn(frame) - MODEL_HFN_BASE) * PAGE_SIZE +
	       (gpa & ~PAGE_MASK);
}

u8 *model_mirror(struct model *m, gpa_t gpa)
{
	int frame = model_frame(gpa >> PAGE_SHIFT);

	return frame < 0 ? NULL
			 : m->mirror + frame * PAGE_SIZE + (gpa & ~PAGE_MASK);
}

void model_check_memory(struct model *m)
{
	for (unsigned int frame = 0; frame < MODEL_FRAMES; frame++) {
		gpa_t gpa = model_gfn(frame) << PAGE_SHIFT;

		if (memcmp(model_ram(m, gpa), model_mirror(m, gpa), PAGE_SIZE))
			model_fail(m, "frame %#lx differs from the reference",
				   gpa >> PAGE_SHIFT);
	}
}

/* --- What the MMU calls ---------------------------------------------------- */

static hfn_t op_gfn_to_hfn(void *ctx, gfn_t gfn)
{
	int frame = model_frame(gfn);

	(void)ctx;
	return frame < 0 ? HFN_NONE : frame_to_hfn(frame);
}

static void *op_map(void *ctx, hfn_t hfn)
{
	struct model *m = ctx;

	return m->ram + (hfn - MODEL_HFN_BASE) * PAGE_SIZE;
}

static void *op_alloc(void *ctx, size_t pages)
{
	struct model *m = ctx;
	u8 *memory = m->arena + m->arena_used;

	if (m->arena_used + pages * PAGE_SIZE > ARENA_PAGES * PAGE_SIZE)
		return NULL;
	m->arena_used += pages * PAGE_SIZE;
	memset(memory, 0, pages * PAGE_SIZE);
	return memory;
}

static hpa_t op_to_hpa(void *ctx, const void *memory)
{
	const struct model *m = ctx;

	return ARENA_HPA + ((const u8 *)memory - m->arena);
}

static void op_flush(void *ctx)
{
	struct model *m = ctx;

	model_log(m, "    flush");
	processor_flush(&m->cpu);
}

static const struct mmu_ops ops = {
	.gfn_to_hfn = op_gfn_to_hfn,
	.map = op_map,
	.alloc = op_alloc,
	.to_hpa = op_to_hpa,
	.flush = op_flush,
};

/* --- What the processor and the reference call ----------------------------- */

/* Invariant 5: the processor reads entries in live shadow pages only. */
static u64 *cpu_entry(void *ctx, hpa_t hpa)
{
	struct model *m = ctx;
	u64 page = (hpa - m->mmu->tables_hpa) / PAGE_SIZE;

	if (hpa < m->mmu->tables_hpa || page >= m->config.shadow_pages)
		model_fail(m, "the processor walks %#lx: no shadow page", hpa);
	if (!m->mmu->pages[page].in_use)
		model_fail(m, "the processor walks the free shadow page %lu",
			   page);
	return (u64 *)((u8 *)m->mmu->tables + (hpa - m->mmu->tables_hpa));
}

static u64 cpu_random(void *ctx, u64 below)
{
	return model_random(ctx, below);
}

static u8 *reference_memory(void *ctx, gpa_t gpa)
{
	return model_mirror(ctx, gpa);
}

/* --- A guest --------------------------------------------------------------- */

gfn_t model_table(struct model *m)
{
	return model_gfn(MODEL_FIRST_TABLE + model_random(m, MODEL_TABLES));
}

static gfn_t random_target(struct model *m)
{
	u64 kind = model_random(m, 100);

	if (kind < 75)
		return model_table(m);
	if (kind < 96)
		return model_gfn(model_random(m, MODEL_FRAMES));
	if (kind < 98)
		return model_random(m, MODEL_GFN_COUNT + 16);
	return model_random(m, BIT(m->config.maxphyaddr - PAGE_SHIFT));
}

u64 model_random_entry(struct model *m)
{
	bool large = chance(m, 7);
	u64 e;

	if (large) /* at 0 both of 2 MiB and of 1 GiB */
		e = chance(m, 50) ? 0 : MODEL_HIGH_GFN << PAGE_SHIFT;
	else
		e = random_target(m) << PAGE_SHIFT;
	e |= chance(m, 90) ? PTE_P : 0;
	e |= chance(m, 90) ? PTE_W : 0;
	e |= chance(m, 90) ? PTE_U : 0;
	e |= chance(m, 80) ? PTE_A : 0;
	e |= chance(m, 50) ? PTE_D : 0;
	e |= large || chance(m, 1) ? PTE_PS : 0;
	e |= chance(m, m->vcpu.efer & EFER_NXE ? 7 : 1) ? PTE_NX : 0;
	if (chance(m, 10)) /* bits that are ignored: PWT, PCD, G, software's */
		e |= model_random(m, BIT(11)) << 52 |
		     model_random(m, 4) * PTE_PWT |
		     model_random(m, 16) * PTE_G | (large ? PTE_PAT_LARGE : 0);
	if (chance(m, 1)) /* bits that may be reserved */
		e |= BIT(13 + model_random(m, 39));
	return e;
}

static void random_config(struct model *m)
{
	static const u8 widths[] = { 36, 39, 46, 51, 52 };
	struct mmu_config *c = &m->config;

	c->ops = &ops;
	c->ctx = m;
	c->gfn_count = MODEL_GFN_COUNT;
	c->maxphyaddr = widths[model_random(m, ARRAY_SIZE(widths))];
	c->gigabyte_pages = chance(m, 50);
	c->leaf_trap_reserved = c->maxphyaddr < 52 && chance(m, 95);
	c->filter_works = chance(m, 95);
	/* Few pages, for starvation; more, so that linking ahead happens. */
	c->shadow_pages = chance(m, 60)
				  ? MMU_MIN_SHADOW_PAGES + model_random(m, 9)
				  : 36 + model_random(m, 28);
	c->policy.cache = true;
	c->policy.update = chance(m, 50);
	c->policy.bypass = chance(m, 50);
}

static void random_memory(struct model *m)
{
	memset(m->ram, 0, MODEL_FRAMES * PAGE_SIZE);
	memset(m->mirror, 0, MODEL_FRAMES * PAGE_SIZE);
	for (unsigned int frame = 0; frame < MODEL_FRAMES; frame++) {
		gpa_t gpa = model_gfn(frame) << PAGE_SHIFT;

		for (int i = 0; i < MODEL_SLOTS; i++) {
			u64 e = model_random_entry(m);

			memcpy(model_ram(m, gpa + 8 * model_slots[i]), &e, 8);
			memcpy(model_mirror(m, gpa + 8 * model_slots[i]), &e,
			       8);
		}
	}
}

void model_begin(struct model *m, u64 seed)
{
	m->rng = seed;
	m->arena_used = 0;
	m->vcpu.efer = EFER_NXE;
	random_config(m);
	random_memory(m);
	m->mmu = mmu_create(&m->config);
	if (!m->mmu)
		abort();
	mmu_vcpu_init(&m->vcpu, m->mmu);
	m->ref = (struct reference){ .maxphyaddr = m->config.maxphyaddr,
				     .gigabyte_pages = m->config.gigabyte_pages,
				     .memory = reference_memory,
				     .ctx = m };
	m->cpu.maxphyaddr = m->config.maxphyaddr;
	m->cpu.entry = cpu_entry;
	m->cpu.random = cpu_random;
	m->cpu.ctx = m;
	processor_flush(&m->cpu);
	memset(m->recent, 0, sizeof(m->recent));
	m->steps = 0;
	model_log(m,
		  "maxphyaddr %u, 1 GiB pages %d, leaf trap %d, filter %d, "
		  "%u pages, update %d, bypass %d",
		  m->config.maxphyaddr, m->config.gigabyte_pages,
		  m->config.leaf_trap_reserved, m->config.filter_works,
		  m->config.shadow_pages, m->config.policy.update,
		  m->config.policy.bypass);
}
