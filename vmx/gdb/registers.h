/* SPDX-License-Identifier: MIT */
/*
 * The registers that gdb sees, in their order: R(name, bits, type). The first
 * two features are gdb's own (the GDB manual, "i386 Features"), and so are the
 * names; the third has what a debugger of kernels asks for.
 */
#ifndef VMX_GDB_REGISTERS_H
#define VMX_GDB_REGISTERS_H

#define GDB_CORE_REGISTERS(R)                                                  \
	R(rax, 64, "int64")                                                    \
	R(rbx, 64, "int64")                                                    \
	R(rcx, 64, "int64")                                                    \
	R(rdx, 64, "int64")                                                    \
	R(rsi, 64, "int64")                                                    \
	R(rdi, 64, "int64")                                                    \
	R(rbp, 64, "data_ptr")                                                 \
	R(rsp, 64, "data_ptr")                                                 \
	R(r8, 64, "int64")                                                     \
	R(r9, 64, "int64")                                                     \
	R(r10, 64, "int64")                                                    \
	R(r11, 64, "int64")                                                    \
	R(r12, 64, "int64")                                                    \
	R(r13, 64, "int64")                                                    \
	R(r14, 64, "int64")                                                    \
	R(r15, 64, "int64")                                                    \
	R(rip, 64, "code_ptr")                                                 \
	R(eflags, 32, "int32")                                                 \
	R(cs, 32, "int32")                                                     \
	R(ss, 32, "int32")                                                     \
	R(ds, 32, "int32")                                                     \
	R(es, 32, "int32")                                                     \
	R(fs, 32, "int32")                                                     \
	R(gs, 32, "int32")                                                     \
	R(st0, 80, "i387_ext")                                                 \
	R(st1, 80, "i387_ext")                                                 \
	R(st2, 80, "i387_ext")                                                 \
	R(st3, 80, "i387_ext")                                                 \
	R(st4, 80, "i387_ext")                                                 \
	R(st5, 80, "i387_ext")                                                 \
	R(st6, 80, "i387_ext")                                                 \
	R(st7, 80, "i387_ext")                                                 \
	R(fctrl, 32, "int32")                                                  \
	R(fstat, 32, "int32")                                                  \
	R(ftag, 32, "int32")                                                   \
	R(fiseg, 32, "int32")                                                  \
	R(fioff, 32, "int32")                                                  \
	R(foseg, 32, "int32")                                                  \
	R(fooff, 32, "int32")                                                  \
	R(fop, 32, "int32")

#define GDB_SEGMENT_REGISTERS(R)                                               \
	R(fs_base, 64, "int64")                                                \
	R(gs_base, 64, "int64")

#define GDB_CONTROL_REGISTERS(R)                                               \
	R(cr0, 64, "int64")                                                    \
	R(cr2, 64, "int64")                                                    \
	R(cr3, 64, "int64")                                                    \
	R(cr4, 64, "int64")                                                    \
	R(efer, 64, "int64")

#define GDB_ALL_REGISTERS(R)                                                   \
	GDB_CORE_REGISTERS(R)                                                  \
	GDB_SEGMENT_REGISTERS(R)                                               \
	GDB_CONTROL_REGISTERS(R)

#define GDB_REGISTER_NUMBER(name, bits, type) GDB_##name,
enum gdb_register { GDB_ALL_REGISTERS(GDB_REGISTER_NUMBER) GDB_REGISTERS };

#endif
