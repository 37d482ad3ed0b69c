/* SPDX-License-Identifier: MIT */
/*
 * The instruction emulator: carries out one decoded instruction whose memory
 * operands the guest could not reach by itself (a write to a guest page table,
 * an access to a device), or that exits before it is carried out (INS, OUTS).
 * It knows registers and flags; it reaches memory through linear.h, and the
 * rest through the caller's operations.
 */
#ifndef ARCH_X86_EMULATOR_EMULATE_H
#define ARCH_X86_EMULATOR_EMULATE_H

#include "arch/x86/emulator/insn.h"
#include "arch/x86/emulator/linear.h"
#include "arch/x86/regs.h"
#include "lib/types.h"

/* Maximum size of a memory operand, in bytes: a YMM register. */
#define EMUL_MAX_BYTES 32

enum emul_status {
	EMUL_OK, /* done; the registers, RIP included, are advanced */
	/*
	 * RIP stays at it, to run again: some iterations of a REP are done, or
	 * the operand of a read-modify-write kept changing
	 */
	EMUL_RESTART,
	/*
	 * the fault of struct linear is due; nothing but completed iterations
	 * of a REP has changed
	 */
	EMUL_FAULT,
	EMUL_UNSUPPORTED /* the emulator can't do it; nothing changed */
};

/*
 * Maximum number of elements of a REP string instruction that are done in one
 * call. It is small, since interrupts wait meanwhile.
 */
#define EMUL_STRING_ELEMENTS 32

/*
 * The same for INS and OUTS: an element costs little, and the exit much.
 */
#define EMUL_IO_ELEMENTS 256

/* The caller's operations on vector registers and ports. */
struct emul_ops {
	/* Reads the low @len bytes, 16 or 32, of an XMM or YMM register. */
	void (*read_vector)(void *ctx, unsigned int number, void *buf,
			    size_t len);
	/* @vex: the bits above @len bytes become 0, else they stay. */
	void (*write_vector)(void *ctx, unsigned int number, const void *buf,
			     size_t len, bool vex);
	/* The port of INS and OUTS; @size: 1, 2 or 4 bytes. */
	u32 (*read_port)(void *ctx, u16 port, unsigned int size);
	void (*write_port)(void *ctx, u16 port, unsigned int size, u32 value);
};

/*
 * Carries out @insn. @regs holds all general registers, RIP at the instruction,
 * and RFLAGS; on EMUL_OK and EMUL_RESTART it holds the new ones. RF is cleared
 * on completion; the caller handles TF and interrupt shadows.
 */
enum emul_status emulate(const struct insn *insn, struct cpu_regs *regs,
			 struct linear *memory, const struct emul_ops *ops,
			 void *ctx);

/*
 * Returns true if @insn does no more than to store the low @size bytes (4 or 8)
 * of @value at @gva, aligned: a MOV of a register or an immediate, or an XCHG
 * with @insn->reg, which gets the bytes that were there. A kernel writes its
 * page tables and a device's registers in this way. emulate() would do the
 * same, after checks that the processor has made before @gva faulted. In 32-bit
 * mode the segment's base must be 0, as the operand's offset is @gva. RIP of
 * @regs is at the instruction; RSP may be undefined.
 */
bool emul_is_store(const struct insn *insn, const struct cpu_regs *regs,
		   gva_t gva, unsigned int size, u64 *value);

/*
 * The same for a MOV that loads @insn->reg from @gva; 4 bytes clear the
 * register's upper half.
 */
bool emul_is_load(const struct insn *insn, const struct cpu_regs *regs,
		  gva_t gva, unsigned int size);

#endif
