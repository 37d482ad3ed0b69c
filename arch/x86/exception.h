/* SPDX-License-Identifier: MIT */
/* The names of the exceptions, SDM vol. 3A, table 6-1. Pure. */
#ifndef ARCH_X86_EXCEPTION_H
#define ARCH_X86_EXCEPTION_H

#include "lib/types.h"

/* "#PF" and the like; of any vector. */
const char *exception_name(u8 vector);

/* "page fault" and the like; of any vector. */
const char *exception_text(u8 vector);

#endif
