/* SPDX-License-Identifier: MIT */
/* The emulator's arithmetic: emulate_alu.asm has the processor do it. */
#include "arch/x86/emulator/emulate_internal.h"

#define SIZES 4 /* thunks of each operation: for 1, 2, 4 and 8 bytes */

void emul_set_flags(struct cpu_regs *regs, u64 mask, u64 flags)
{
	regs->rflags = (regs->rflags & ~mask) | (flags & mask);
}

u64 emul_combine(enum insn_op op, u64 value, u64 src, u8 count,
		 unsigned int size, struct cpu_regs *regs)
{
	u64 number = (u64)(op - OP_ADD) * SIZES + (u64)__builtin_ctz(size);

	/* A plain move. */
	if (op >= OP_SET)
		return src;
	return emul_thunk(number, value, src, count, &regs->rflags);
}

bool emul_condition(u8 condition, u64 rflags)
{
	u64 number = (OP_SET - OP_ADD) * SIZES + condition;

	return emul_thunk(number, 0, 0, 0, &rflags);
}

u64 emul_multiply(bool is_signed, u64 a, u64 b, unsigned int size, u64 *high,
		  struct cpu_regs *regs)
{
	__int128 product;
	bool lost;
	u64 low;

	if (is_signed)
		product = (__int128)(s64)sign_extend(a, size) *
			  (s64)sign_extend(b, size);
	else
		product = (__int128)((unsigned __int128)a * b);
	low = truncate((u64)product, size);
	*high = truncate((u64)(product >> (8 * size)), size);
	lost = is_signed ? product != (s64)sign_extend(low, size) : *high != 0;
	emul_set_flags(regs, RFLAGS_CF | RFLAGS_OF,
		       lost ? RFLAGS_CF | RFLAGS_OF : 0);
	return low;
}

/* Of magnitudes; the quotient must have 64 bits at most. */
static u64 divide(unsigned __int128 dividend, u64 divisor, u64 *remainder)
{
	u64 quotient;

	asm("divq %[divisor]"
	    : "=a"(quotient), "=d"(*remainder)
	    : "a"((u64)dividend),
	      "d"((u64)(dividend >> 64)), [divisor] "r"(divisor)
	    : "cc");
	return quotient;
}

bool emul_divide(bool is_signed, u64 *high, u64 *low, u64 divisor,
		 unsigned int size)
{
	bool negative = is_signed && (*high & sign_bit(size));
	bool opposite = is_signed && (divisor & sign_bit(size));
	/* The largest magnitude that the quotient may have. */
	u64 most = is_signed ? sign_bit(size) - (negative == opposite)
			     : truncate(~0ULL, size);
	unsigned __int128 dividend = *high;
	u64 quotient, remainder;

	if (is_signed)
		dividend = (unsigned __int128)(s64)sign_extend(*high, size);
	dividend = dividend << (8 * size) | *low;
	if (negative)
		dividend = -dividend;
	if (opposite)
		divisor = -sign_extend(divisor, size);
	if ((u64)(dividend >> 64) >= divisor)
		return false;
	quotient = divide(dividend, divisor, &remainder);
	if (quotient > most)
		return false;
	*low = truncate(negative != opposite ? -quotient : quotient, size);
	*high = truncate(negative ? -remainder : remainder, size);
	return true;
}
