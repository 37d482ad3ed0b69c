/* SPDX-License-Identifier: MIT */
/*
 * Umbra's own accesses to the guest's memory: it walks the guest's tables,
 * fetches code, and reads and writes guest-physical memory. A write updates the
 * shadows of the guest tables that it hits.
 */
#include "lib/string.h"
#include "mmu/fault/table_write.h"
#include "mmu/walk.h"

bool mmu_walk(struct mmu_cpu *cpu, gva_t gva, u32 access,
	      enum walk_purpose purpose, struct guest_walk *walk)
{
	struct mmu_stats *stats = &cpu->mmu->stats;

	switch (purpose) {
	case WALK_FOR_DATA:
		stats->walks_data++;
		break;
	case WALK_FOR_FETCH:
		stats->walks_fetch++;
		break;
	}
	guest_walk(cpu, gva, access, NULL, walk);
	return walk->status == WALK_OK;
}

/* Returns Umbra's address of the memory at @gva, or NULL if no LEAF maps it. */
static const u8 *map_by_shadow(const struct mmu_cpu *cpu, gva_t gva)
{
	const struct mmu *mmu = cpu->mmu;
	const struct shadow_path *end;
	gfn_t gfn;

	if (!cpu->root)
		return NULL;
	end = shadow_path_of(cpu, gva);
	if (spte_kind(*end->spte, end->level) != SPTE_LEAF)
		return NULL;
	gfn = end->link->target +
	      (gva >> PAGE_SHIFT & (pt_span(end->level) - 1));
	return (const u8 *)mmu_map_gfn(mmu, gfn) + (gva & ~PAGE_MASK);
}

/* Finds the memory at @gva by the shadow, and keeps its page in @page. */
static const u8 *map_code(const struct mmu_cpu *cpu, gva_t gva,
			  struct code_page *page)
{
	const u8 *memory = map_by_shadow(cpu, gva);

	if (!memory)
		return NULL;
	page->number = gva >> PAGE_SHIFT;
	page->memory = memory - (gva & ~PAGE_MASK);
	page->spte = shadow_path_of(cpu, gva)->spte;
	page->value = *page->spte;
	page->root = cpu->root;
	page->unlinked = cpu->mmu->tables_unlinked;
	return memory;
}

/*
 * This reads each emulated instruction, so it keeps the last pages until a
 * TABLE is taken down. The LEAF of a page may change earlier: it is compared.
 */
const u8 *mmu_code(const struct mmu_cpu *cpu, gva_t gva, size_t len)
{
	u64 number = gva >> PAGE_SHIFT;
	struct code_page *page = &cpu->mmu->codes[number % CODE_PAGES];

	if ((gva & ~PAGE_MASK) + len > PAGE_SIZE)
		return NULL;
	if (page->number == number && page->root == cpu->root &&
	    page->unlinked == cpu->mmu->tables_unlinked &&
	    *page->spte == page->value)
		return page->memory + (gva & ~PAGE_MASK);
	return map_code(cpu, gva, page);
}

__cold size_t mmu_fetch(struct mmu_cpu *cpu, gva_t gva, u32 access, void *buf,
			size_t len)
{
	struct guest_walk walk;
	size_t done = 0;

	while (done < len) {
		gva_t at = gva + done;
		size_t part = MIN(len - done, PAGE_SIZE - (at & ~PAGE_MASK));
		const u8 *code = map_by_shadow(cpu, at);

		if (code) {
			memcpy((u8 *)buf + done, code, part);
		} else {
			if (!mmu_walk(cpu, at, access, WALK_FOR_FETCH, &walk))
				break;
			mmu_read(cpu->mmu, walk.gpa, (u8 *)buf + done, part);
		}
		done += part;
	}
	return done;
}

void mmu_read(struct mmu *mmu, gpa_t gpa, void *buf, size_t len)
{
	while (len) {
		u64 offset = gpa & ~PAGE_MASK;
		size_t part = MIN(len, PAGE_SIZE - offset);
		const u8 *page = mmu_map_gfn(mmu, gpa >> PAGE_SHIFT);

		if (page)
			memcpy(buf, page + offset, part);
		else
			memset(buf, 0xff, part);
		buf = (u8 *)buf + part;
		gpa += part;
		len -= part;
	}
}

/* Stores in one piece where the processor would: no entry is written in parts. */
static void store(u8 *to, const void *from, size_t len)
{
	u64 value = 0;

	if (len <= sizeof(value) && ((uintptr_t)to & (len - 1)) == 0) {
		memcpy(&value, from, len);
		switch (len) {
		case 1:
			__atomic_store_n(to, value, __ATOMIC_RELAXED);
			return;
		case 2:
			__atomic_store_n((u16 *)to, value, __ATOMIC_RELAXED);
			return;
		case 4:
			__atomic_store_n((u32 *)to, value, __ATOMIC_RELAXED);
			return;
		case 8:
			__atomic_store_n((u64 *)to, value, __ATOMIC_RELAXED);
			return;
		default:
			break;
		}
	}
	memcpy(to, from, len);
}

bool mmu_write(struct mmu_cpu *cpu, gpa_t gpa, const void *buf, size_t len)
{
	bool released = false;

	while (len) {
		u64 offset = gpa & ~PAGE_MASK;
		size_t part = MIN(len, PAGE_SIZE - offset);
		u8 *page = mmu_map_gfn(cpu->mmu, gpa >> PAGE_SHIFT);

		if (page) {
			store(page + offset, buf, part);
			released |= mmu_written(cpu->mmu, gpa, part);
		}
		buf = (const u8 *)buf + part;
		gpa += part;
		len -= part;
	}
	return released;
}

static u64 *map_word(const struct mmu *mmu, gpa_t gpa)
{
	u8 *page = mmu_map_gfn(mmu, gpa >> PAGE_SHIFT);

	return page ? (u64 *)(page + (gpa & ~PAGE_MASK)) : NULL;
}

void mmu_store(struct mmu_cpu *cpu, gpa_t gpa, u64 value)
{
	u64 *word = map_word(cpu->mmu, gpa);

	if (!word)
		return;
	__atomic_store_n(word, value, __ATOMIC_RELAXED);
	mmu_entry_written(cpu->mmu, gpa, value);
}

u64 mmu_exchange(struct mmu_cpu *cpu, gpa_t gpa, u64 value)
{
	u64 *word = map_word(cpu->mmu, gpa), old;

	if (!word)
		return ~0ULL;
	old = __atomic_exchange_n(word, value, __ATOMIC_SEQ_CST);
	mmu_entry_written(cpu->mmu, gpa, value);
	return old;
}

/* CMPXCHG16B (SDM vol. 2A); the compiler's builtin would need a library. */
static bool cmpxchg16(void *at, const void *old, const void *new)
{
	u64 expected[2], desired[2];
	bool equal;

	memcpy(expected, old, sizeof(expected));
	memcpy(desired, new, sizeof(desired));
	__asm__ volatile("lock cmpxchg16b %1"
			 : "=@ccz"(equal), "+m"(*(u8(*)[16])at),
			   "+a"(expected[0]), "+d"(expected[1])
			 : "b"(desired[0]), "c"(desired[1])
			 : "memory");
	return equal;
}

/* Compare-exchange of the integer type TYPE at @at. */
#define CMPXCHG(type)                                                          \
	({                                                                     \
		type expected, desired;                                        \
                                                                               \
		memcpy(&expected, old, sizeof(type));                          \
		memcpy(&desired, new, sizeof(type));                           \
		__atomic_compare_exchange_n((type *)at, &expected, desired,    \
					    false, __ATOMIC_SEQ_CST,           \
					    __ATOMIC_SEQ_CST);                 \
	})

static bool cmpxchg(u8 *at, const void *old, const void *new, size_t len)
{
	if (((uintptr_t)at & (len - 1)) == 0) {
		switch (len) {
		case 1:
			return CMPXCHG(u8);
		case 2:
			return CMPXCHG(u16);
		case 4:
			return CMPXCHG(u32);
		case 8:
			return CMPXCHG(u64);
		case 16:
			return cmpxchg16(at, old, new);
		default:
			break;
		}
	}
	if (memcmp(at, old, len))
		return false;
	memcpy(at, new, len);
	return true;
}

bool mmu_cmpxchg(struct mmu_cpu *cpu, gpa_t gpa, const void *old,
		 const void *new, size_t len)
{
	u8 *page = mmu_map_gfn(cpu->mmu, gpa >> PAGE_SHIFT);

	/* Where there is no RAM, the write has no effect and succeeds. */
	if (!page)
		return true;
	if (!cmpxchg(page + (gpa & ~PAGE_MASK), old, new, len))
		return false;
	mmu_written(cpu->mmu, gpa, len);
	return true;
}
