/* SPDX-License-Identifier: MIT */
/*
 * The registers that gdb sees, in their order, as groups of one type: R(name,
 * bits, type). The first two features and their names are gdb's own (the GDB
 * manual, "i386 Features"); the third has the control registers for a debugger
 * of kernels.
 */
#ifndef VMX_GDB_REGISTERS_H
#define VMX_GDB_REGISTERS_H

/* clang-format off */
#define GDB_INT64(R, name) R(name, 64, "int64")
#define GDB_INT32(R, name) R(name, 32, "int32")
#define GDB_DATA(R, name) R(name, 64, "data_ptr")
#define GDB_CODE(R, name) R(name, 64, "code_ptr")
#define GDB_X87(R, name) R(name, 80, "i387_ext")

#define GDB_FOUR(GROUP, R, a, b, c, d) \
	GROUP(R, a) GROUP(R, b) GROUP(R, c) GROUP(R, d)

#define GDB_CORE_REGISTERS(R) \
	GDB_FOUR(GDB_INT64, R, rax, rbx, rcx, rdx) \
	GDB_INT64(R, rsi) GDB_INT64(R, rdi) \
	GDB_DATA(R, rbp) GDB_DATA(R, rsp) \
	GDB_FOUR(GDB_INT64, R, r8, r9, r10, r11) \
	GDB_FOUR(GDB_INT64, R, r12, r13, r14, r15) \
	GDB_CODE(R, rip) GDB_INT32(R, eflags) \
	GDB_FOUR(GDB_INT32, R, cs, ss, ds, es) \
	GDB_INT32(R, fs) GDB_INT32(R, gs) \
	GDB_FOUR(GDB_X87, R, st0, st1, st2, st3) \
	GDB_FOUR(GDB_X87, R, st4, st5, st6, st7) \
	GDB_FOUR(GDB_INT32, R, fctrl, fstat, ftag, fiseg) \
	GDB_FOUR(GDB_INT32, R, fioff, foseg, fooff, fop)

#define GDB_SEGMENT_REGISTERS(R) GDB_INT64(R, fs_base) GDB_INT64(R, gs_base)

#define GDB_CONTROL_REGISTERS(R) \
	GDB_FOUR(GDB_INT64, R, cr0, cr2, cr3, cr4) GDB_INT64(R, efer)

#define GDB_ALL_REGISTERS(R) \
	GDB_CORE_REGISTERS(R) GDB_SEGMENT_REGISTERS(R) GDB_CONTROL_REGISTERS(R)
/* clang-format on */

#define GDB_REGISTER_NUMBER(name, bits, type) GDB_##name,
enum gdb_register { GDB_ALL_REGISTERS(GDB_REGISTER_NUMBER) GDB_REGISTERS };

#endif
