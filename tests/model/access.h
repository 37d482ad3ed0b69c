/* SPDX-License-Identifier: MIT */
/* Memory accesses of the model's guest, and what Umbra does on its behalf. */
#ifndef TESTS_MODEL_ACCESS_H
#define TESTS_MODEL_ACCESS_H

#include "tests/model/model.h"

/* VM entry. */
void model_enter(struct model *m);
/* VM exit: what the guest has loaded without one is found out. */
void model_exit(struct model *m);
u32 model_random_page(struct model *m);
/* 16 bytes, of entries or not. */
void model_random_bytes(struct model *m, u8 data[16]);
/* The frame of @gpa belongs in the dirty log from now on. */
void model_mark_dirty(struct model *m, gpa_t gpa);
/* A write in one page, to the mirror; the accesses that it permits are noted. */
void model_mirror_store(struct model *m, gpa_t gpa, const u8 *data, size_t len);
/* mmu_write and mmu_cmpxchg, and the same done to the mirror. */
void model_store(struct model *m, gpa_t gpa, const void *data, size_t len);
void model_cmpxchg(struct model *m, gpa_t gpa, const u8 *old, const u8 *new,
		   size_t len);

/* A random access by the guest; KIND_AC: explicit, by a supervisor. */
u32 model_random_kind(struct model *m);

/* The reference's walk; it sets A and D where the access is permitted. */
struct reference_walk model_judge(struct model *m, gva_t gva, u32 kind);
/* The entries of the walk are in RAM as they are in the mirror. */
void model_check_entries(struct model *m, const struct reference_walk *w);
/* Umbra's walk has come to the reference's result. */
void model_compare(struct model *m, const struct reference_walk *w,
		   const struct guest_walk *walk);

/* Steps. */
void model_access(struct model *m); /* the guest accesses memory */
void model_access_page(struct model *m, u32 page);
/* The guest writes its page: its own table, perhaps. */
void model_write_page(struct model *m, u32 page, u64 offset, const void *data,
		      u32 len);
void model_operand(struct model *m); /* Umbra walks for an operand */
void model_fetch(struct model *m); /* Umbra fetches an instruction */

#endif
