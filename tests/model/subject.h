/* SPDX-License-Identifier: MIT */
/* An entry of the shadow that is checked, and the guest's entry behind it. */
#ifndef TESTS_MODEL_SUBJECT_H
#define TESTS_MODEL_SUBJECT_H

#include "tests/model/model.h"

/* One entry, and all that it depends on. */
struct subject {
	struct model *m;
	const struct shadow_page *sp;
	u32 slot;
	u64 spte;
	const struct reference *ref; /* the guest, by the page's role */
	u64 guest; /* its entry, if there is one */
};

/* Ends the run. @what begins with the invariant, if it has a number. */
void __noreturn fail_entry(const struct subject *s, const char *what);

/* Returns the state of the guest's processor by the role. */
struct reference role_reference(const struct model *m, union shadow_role role);

/* Returns true if the entries of the page are the four PDPTEs. */
bool is_pae_root(const struct shadow_page *sp);

/* Returns the guest's entry for the slot of a table's shadow page. */
u64 guest_entry(const struct subject *s);

/* Returns the first frame of the slot's part of the guest's page or table. */
gfn_t guest_target(const struct subject *s);

/* Returns the rights (enum access) above and of the guest's entry. */
u8 guest_rights(const struct subject *s);

/* Returns true if D, or the role, lets the guest's page be written. */
bool guest_is_dirty(const struct subject *s);

#endif
