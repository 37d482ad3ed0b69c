/* SPDX-License-Identifier: MIT */
/* The operations given to the MMU, the processor and the reference. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/model/model.h"

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

static void compare_frame(struct model *m, unsigned int frame)
{
	gpa_t gpa = world_gfn(frame) << PAGE_SHIFT;
	const u8 *ram = world_ram(&m->world, gpa);

	if (ram && memcmp(ram, world_mirror(&m->world, gpa), PAGE_SIZE))
		model_fail(m, "frame %#lx differs from the reference",
			   gpa >> PAGE_SHIFT);
}

void machine_check_memory(struct model *m)
{
	for (u32 i = 0; i < m->world.touched_count; i++)
		compare_frame(m, m->world.touched[i]);
}

/* --- What the MMU calls ---------------------------------------------------- */

static hfn_t op_gfn_to_hfn(void *ctx, gfn_t gfn)
{
	(void)ctx;
	return world_hfn(gfn);
}

static void *op_map(void *ctx, hfn_t hfn)
{
	struct model *m = ctx;
	gfn_t gfn = world_gfn_of_hpa(hfn << PAGE_SHIFT);
	u8 *vacated = world_vacated(&m->world, hfn);

	if (vacated)
		return vacated;
	if (gfn == HFN_NONE)
		model_fail(m, "host frame %#lx is not the guest's", hfn);
	return world_ram(&m->world, gfn << PAGE_SHIFT);
}

static void *op_alloc(void *ctx, size_t pages)
{
	struct model *m = ctx;
	u8 *memory = m->world.arena + m->world.arena_used;

	if (m->world.arena_used + pages * PAGE_SIZE > WORLD_ARENA_BYTES)
		return NULL;
	m->world.arena_used += pages * PAGE_SIZE;
	memset(memory, 0, pages * PAGE_SIZE);
	return memory;
}

static hpa_t op_to_hpa(void *ctx, const void *memory)
{
	const struct model *m = ctx;

	return WORLD_ARENA_HPA + ((const u8 *)memory - m->world.arena);
}

/* As in vmx/start/vm_create.c: flushes are done at the next entry. */
static void op_flush(void *ctx)
{
	struct model *m = ctx;

	model_log(m, "    flush");
	tlb_flush_merge(&m->flush, (struct tlb_flush){ .scope = TLB_SHADOW });
}

static void op_flush_address(void *ctx, gva_t gva)
{
	struct model *m = ctx;

	model_log(m, "    flush of %#lx", gva);
	tlb_flush_merge(&m->flush, (struct tlb_flush){ TLB_ADDRESS, gva });
}

static void op_move_frame(void *ctx, gfn_t gfn, hfn_t hfn)
{
	model_log(ctx, "    frame %#lx moves to %#lx", gfn, hfn);
	world_move_frame(gfn, hfn);
}

static void op_event(void *ctx, enum mmu_event event, gfn_t gfn, u64 detail)
{
}

static const struct mmu_ops ops = {
	.gfn_to_hfn = op_gfn_to_hfn,
	.map = op_map,
	.alloc = op_alloc,
	.to_hpa = op_to_hpa,
	.flush = op_flush,
	.flush_address = op_flush_address,
	.move_frame = op_move_frame,
	.event = op_event,
};

/* --- What the processor and the reference call ----------------------------- */

/* Invariant 5: the processor reads entries in live shadow pages only. */
static u64 *cpu_entry(void *ctx, hpa_t hpa)
{
	struct model *m = ctx;
	u8 *vacated = world_vacated(&m->world, hpa >> PAGE_SHIFT);
	u64 page = (hpa - m->mmu->tables_hpa) / PAGE_SIZE;

	/* A placed root. */
	if (vacated)
		return (u64 *)(vacated + (hpa & ~PAGE_MASK));
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
	struct model *m = ctx;

	return world_mirror(&m->world, gpa);
}

void machine_create(struct model *m)
{
	m->config.ops = &ops;
	m->config.ctx = m;
	m->mmu = mmu_create(&m->config);
	if (!m->mmu)
		abort();
	mmu_cpu_init(&m->mmu_cpu, m->mmu);
	m->ref = (struct reference){ .maxphyaddr = m->config.maxphyaddr,
				     .gigabyte_pages = m->config.gigabyte_pages,
				     .memory = reference_memory,
				     .ctx = m };
	m->cpu.maxphyaddr = m->config.maxphyaddr;
	m->cpu.pkrs = SPTE_TRAP_PKRS;
	m->cpu.entry = cpu_entry;
	m->cpu.random = cpu_random;
	m->cpu.ctx = m;
	/* An earlier guest's translations are under the same VPID. */
	m->flush.scope = TLB_ALL;
	model_log(m,
		  "maxphyaddr %u, 1 GiB pages %d, leaf trap %d, filter %d, "
		  "%u pages",
		  m->config.maxphyaddr, m->config.gigabyte_pages,
		  m->config.leaf_trap_present, m->config.filter_works,
		  m->config.shadow_pages);
}
