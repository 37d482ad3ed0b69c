/* SPDX-License-Identifier: MIT */
/*
 * The instruction emulator: carries out one decoded instruction whose memory
 * operands the guest could not reach by itself (a write to a guest page table,
 * an access to a device). It knows registers and flags; memory is reached only
 * through the operations that the caller gives.
 */
#ifndef ARCH_X86_EMULATOR_EMULATE_H
#define ARCH_X86_EMULATOR_EMULATE_H

#include "arch/x86/emulator/insn.h"
#include "arch/x86/regs.h"
#include "lib/types.h"

/* The widest memory operand, in bytes: a YMM register, or what PUSHAD pushes. */
#define EMUL_MAX_BYTES 32

/*
 * So many elements of a REP string instruction are done in one call. Few: the
 * first may have changed what made it need us (a table that is being cleared is
 * a table no more, and the guest clears the rest much faster), and interrupts
 * wait meanwhile.
 */
#define EMUL_STRING_ELEMENTS 32

enum emul_status {
	EMUL_OK, /* done; the registers, RIP included, are advanced */
	EMUL_RESTART, /* RIP stays at it, to run again: some iterations of a
			 REP are done, or other processors kept changing the
			 operand of a read-modify-write */
	EMUL_FAULT, /* an operation of the caller refused; nothing changed
		       but completed iterations of a REP */
	EMUL_GP, /* #GP(0) is due, or ... */
	EMUL_DE, /* #DE, or ... */
	EMUL_SS, /* ... #SS(0); what has changed is as for EMUL_FAULT */
	EMUL_UNSUPPORTED /* not an instruction for us; nothing changed */
};

/*
 * How the emulator reaches memory. All addresses are linear (the segment base
 * is added, limits and canonical form are checked); lengths are 1 to
 * EMUL_MAX_BYTES bytes, and an operand may cross a page. Each returns EMUL_OK,
 * or EMUL_FAULT when the guest is to be given a fault, which the callee keeps,
 * or EMUL_UNSUPPORTED to give up.
 */
struct emul_ops {
	enum emul_status (*read)(void *ctx, gva_t gva, void *buf, size_t len);
	enum emul_status (*write)(void *ctx, gva_t gva, const void *buf,
				  size_t len);
	/*
	 * Read an operand that the instruction is going to write: a fault is
	 * that of a write. (A locked or plain read-modify-write is one access.)
	 */
	enum emul_status (*read_for_write)(void *ctx, gva_t gva, void *buf,
					   size_t len);
	/* Could these bytes be written? No device hears of it. */
	enum emul_status (*probe_write)(void *ctx, gva_t gva, size_t len);
	/*
	 * Write @new if memory still holds @old, as one atomic operation;
	 * sets *@swapped. The emulator reads again and retries when false.
	 */
	enum emul_status (*cmpxchg)(void *ctx, gva_t gva, const void *old,
				    const void *new, size_t len, bool *swapped);
	/* The low @len bytes, 16 or 32, of an XMM or YMM register. */
	void (*read_vector)(void *ctx, unsigned int number, void *buf,
			    size_t len);
	/* @vex: what lies above @len bytes becomes 0, else it stays. */
	void (*write_vector)(void *ctx, unsigned int number, const void *buf,
			     size_t len, bool vex);
	/* What @op, OP_SGDT to OP_FNSTSW, stores: at most 10 bytes. */
	void (*read_state)(void *ctx, enum insn_op op, void *buf);
};

/*
 * The segment registers, by enum segment. In 64-bit mode only the bases count,
 * and those of ES, CS, SS and DS must be 0.
 */
struct emul_segments {
	u64 base[SEG_COUNT];
	u32 limit[SEG_COUNT];
	u32 rights[SEG_COUNT]; /* AR_... */
	u16 selector[SEG_COUNT]; /* for OP_PUSH_SEGMENT, OP_MOV_SEGMENT */
};

/*
 * Carry out @insn. @regs holds all general registers, RIP at the instruction,
 * and RFLAGS; on EMUL_OK and EMUL_RESTART it holds the new ones.
 * RF is cleared on completion; TF and interrupt shadows are the caller's.
 */
enum emul_status emulate(const struct insn *insn, struct cpu_regs *regs,
			 const struct emul_segments *segments,
			 const struct emul_ops *ops, void *ctx);

#endif
