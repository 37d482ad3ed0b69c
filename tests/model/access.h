/* SPDX-License-Identifier: MIT */
/* Memory accesses of the model's guest, and Umbra's for it. */
#ifndef TESTS_MODEL_ACCESS_H
#define TESTS_MODEL_ACCESS_H

#include "tests/model/model.h"

/* VM entry. */
void model_enter(struct model *m);
/* VM exit: Umbra finds out what the guest has loaded without one. */
void model_exit(struct model *m);
/* Returns true if the VMCS has a filter that the state permits; filter.c. */
bool model_filter_is_expected(const struct model *m);
u32 model_random_page(struct model *m);
/* Makes 16 random bytes, of entries or not. */
void model_random_bytes(struct model *m, u8 data[16]);
/* Notes that the frame of @gpa belongs in the dirty log. */
void model_mark_dirty(struct model *m, gpa_t gpa);
/* Writes in one page of the mirror; notes the accesses that this permits. */
void model_mirror_store(struct model *m, gpa_t gpa, const u8 *data, size_t len);
/* Does mmu_write() or mmu_cmpxchg(), and the same to the mirror. */
void model_store(struct model *m, gpa_t gpa, const void *data, size_t len);
void model_cmpxchg(struct model *m, gpa_t gpa, const u8 *old, const u8 *new,
		   size_t len);

/* Returns the kind of a random access; KIND_AC: explicit, by a supervisor. */
u32 model_random_kind(struct model *m);

/* Does the reference's walk; sets A and D where the access is permitted. */
struct reference_walk model_judge(struct model *m, gva_t gva, u32 kind);
/* Checks that the entries of the walk in RAM are those in the mirror. */
void model_check_entries(struct model *m, const struct reference_walk *w);
/* Checks that Umbra's walk has the reference's result. */
void model_compare(struct model *m, const struct reference_walk *w,
		   const struct guest_walk *walk);

/* Steps. */
void model_access(struct model *m); /* the guest accesses memory */
void model_access_page(struct model *m, u32 page);
/* The guest writes to its page, which may be its own table. */
void model_write_page(struct model *m, u32 page, u64 offset, const void *data,
		      u32 len);
void model_operand(struct model *m); /* Umbra walks for an operand */
void model_fetch(struct model *m); /* Umbra fetches an instruction */

#endif
