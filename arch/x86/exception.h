/* SPDX-License-Identifier: MIT */
/* The names of the exceptions, SDM vol. 3A, table 6-1. Pure. */
#ifndef ARCH_X86_EXCEPTION_H
#define ARCH_X86_EXCEPTION_H

#include "lib/types.h"

/* Returns the name of any vector, such as "#PF" or "interrupt". */
const char *exception_name(u8 vector);

/* Returns the words for any vector, such as "page fault" or "unknown". */
const char *exception_text(u8 vector);

#endif
