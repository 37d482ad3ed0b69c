/* SPDX-License-Identifier: MIT */
/* The guest as gdb's target; the context is a struct vm. */
#ifndef VMX_GDB_TARGET_H
#define VMX_GDB_TARGET_H

#include "vmx/gdb/protocol.h"

extern const struct gdb_target gdb_guest;

#endif
