/* SPDX-License-Identifier: MIT */
/* An entry of the shadow that is checked, and the guest's entry behind it. */
#ifndef TESTS_MODEL_SUBJECT_H
#define TESTS_MODEL_SUBJECT_H

#include "tests/model/model.h"

/* One entry, and what it depends on. */
struct subject {
	struct model *m;
	const struct shadow_page *sp;
	u32 slot;
	u64 spte;
	const struct reference *ref; /* the guest as the page's role has it */
	u64 guest; /* its entry, where there is one */
};

/* Ends the run. @what begins with the invariant, where it has a number. */
void __noreturn fail_entry(const struct subject *s, const char *what);

/* The guest's state of the processor as the role has it. */
struct reference role_reference(const struct model *m, union shadow_role role);

/* Returns true if the entries of the page are the four PDPTEs. */
bool is_pae_root(const struct shadow_page *sp);

/* The guest's entry that the slot is for; the page is of a table. */
u64 guest_entry(const struct subject *s);

/* First frame of the part of the guest's page or table that the slot is for. */
gfn_t guest_target(const struct subject *s);

/* The rights of the levels above and of the guest's entry, enum access. */
u8 guest_rights(const struct subject *s);

/* Returns true if the guest's page may be written: D, or the role's. */
bool guest_dirty(const struct subject *s);

#endif
