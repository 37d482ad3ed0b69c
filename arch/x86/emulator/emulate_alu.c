/* SPDX-License-Identifier: MIT */
/*
 * The emulator's arithmetic. Sums, logic and bits are computed, with their
 * flags; shifts, rotations and searches are left to the processor, on
 * registers: it is the guest's, so even undefined flags come out as they would.
 */
#include "arch/x86/emulator/emulate_internal.h"

void emul_set_flags(struct cpu_regs *regs, u64 mask, u64 flags)
{
	regs->rflags = (regs->rflags & ~mask) | (flags & mask);
}

/* The flags that follow from a result alone, SDM vol. 1, 3.4.3.1. */
static u64 result_flags(u64 result, unsigned int size)
{
	u64 flags = 0;

	if (!result)
		flags |= RFLAGS_ZF;
	if (result & sign_bit(size))
		flags |= RFLAGS_SF;
	if (!__builtin_parityll(result & 0xff))
		flags |= RFLAGS_PF;
	return flags;
}

/*
 * A sum's carries, one at each bit: into AF goes that out of bit 3, which is
 * seen where it arrives, in bit 4; into CF that out of the topmost.
 */
static u64 add(u64 a, u64 b, bool carry, unsigned int size, u64 *flags)
{
	u64 sum = truncate(a + b + carry, size);

	*flags = result_flags(sum, size) | ((a ^ b ^ sum) & RFLAGS_AF);
	if (((a & b) | ((a | b) & ~sum)) & sign_bit(size))
		*flags |= RFLAGS_CF;
	if ((a ^ sum) & (b ^ sum) & sign_bit(size))
		*flags |= RFLAGS_OF;
	return sum;
}

static u64 subtract(u64 a, u64 b, bool borrow, unsigned int size, u64 *flags)
{
	u64 difference = truncate(a - b - borrow, size);

	*flags = result_flags(difference, size) |
		 ((a ^ b ^ difference) & RFLAGS_AF);
	if (((~a & b) | ((~a | b) & difference)) & sign_bit(size))
		*flags |= RFLAGS_CF;
	if ((a ^ b) & (a ^ difference) & sign_bit(size))
		*flags |= RFLAGS_OF;
	return difference;
}

u64 emul_combine(enum insn_op op, u64 a, u64 b, unsigned int size,
		 struct cpu_regs *regs)
{
	bool carry = regs->rflags & RFLAGS_CF;
	u64 bit = BIT(b & (8 * size - 1));
	u64 written = RFLAGS_ARITH;
	u64 flags = 0;
	u64 result;

	switch (op) {
	case OP_ADD:
	case OP_XADD:
		result = add(a, b, false, size, &flags);
		break;
	case OP_ADC:
		result = add(a, b, carry, size, &flags);
		break;
	case OP_INC:
		result = add(a, 1, false, size, &flags);
		written &= ~RFLAGS_CF;
		break;
	case OP_SUB:
	case OP_CMP:
		result = subtract(a, b, false, size, &flags);
		break;
	case OP_SBB:
		result = subtract(a, b, carry, size, &flags);
		break;
	case OP_DEC:
		result = subtract(a, 1, false, size, &flags);
		written &= ~RFLAGS_CF;
		break;
	case OP_NEG:
		result = subtract(0, a, false, size, &flags);
		break;
	case OP_AND:
	case OP_TEST:
		result = a & b;
		flags = result_flags(result, size);
		break;
	case OP_OR:
		result = a | b;
		flags = result_flags(result, size);
		break;
	case OP_XOR:
		result = a ^ b;
		flags = result_flags(result, size);
		break;
	case OP_NOT:
		result = truncate(~a, size);
		written = 0;
		break;
	case OP_BT:
	case OP_BTS:
	case OP_BTR:
	case OP_BTC:
		result = op == OP_BTS	? a | bit
			 : op == OP_BTR ? a & ~bit
			 : op == OP_BTC ? a ^ bit
					: a;
		written = RFLAGS_CF;
		flags = a & bit ? RFLAGS_CF : 0;
		break;
	default: /* a plain move */
		result = b;
		written = 0;
	}
	emul_set_flags(regs, written, flags);
	return result;
}

/*
 * One instruction on registers, after the flags are set as the guest's: RCL and
 * RCR take CF in, and what the manual leaves undefined may be what it was (OF,
 * after a rotation all the way round). LAHF and SETO take the flags, SAHF and
 * an addition that overflows set them without the stack, which a host test's
 * compiler may have data below.
 */
#define EXECUTE(instruction)                                                   \
	asm("addb $0x7f, %b[over]\n\tsahf\n\t" instruction                     \
	    "\n\tlahf\n\tseto %b[over]"                                        \
	    : [v] "+r"(value), "+a"(flags), [over] "+q"(overflow)              \
	    : [src] "r"(src), "c"(count)                                       \
	    : "cc")
#define EXECUTE_SIZED(name)                                                    \
	(size == 1   ? ({ EXECUTE(name "b %%cl, %b[v]"); })                    \
	 : size == 2 ? ({ EXECUTE(name "w %%cl, %w[v]"); })                    \
	 : size == 4 ? ({ EXECUTE(name "l %%cl, %k[v]"); })                    \
		     : ({ EXECUTE(name "q %%cl, %q[v]"); }))
#define EXECUTE_DOUBLE(name)                                                   \
	(size == 2   ? ({ EXECUTE(name "w %%cl, %w[src], %w[v]"); })           \
	 : size == 4 ? ({ EXECUTE(name "l %%cl, %k[src], %k[v]"); })           \
		     : ({ EXECUTE(name "q %%cl, %q[src], %q[v]"); }))

u64 emul_shift(enum insn_op op, u64 value, u64 src, u8 count, unsigned int size,
	       struct cpu_regs *regs)
{
	/* In AH: SF, ZF, AF, PF and CF, each where it is in RFLAGS. */
	u64 flags = (regs->rflags & 0xff) << 8, written = RFLAGS_ARITH;
	u8 overflow = regs->rflags & RFLAGS_OF ? 1 : 0;

	/* Without a distance nothing happens, to flags neither. */
	count &= size == 8 ? 63 : 31;
	if (!count)
		return value;
	switch (op) {
	case OP_ROL:
		EXECUTE_SIZED("rol");
		break;
	case OP_ROR:
		EXECUTE_SIZED("ror");
		break;
	case OP_RCL:
		EXECUTE_SIZED("rcl");
		break;
	case OP_RCR:
		EXECUTE_SIZED("rcr");
		break;
	case OP_SHL:
		EXECUTE_SIZED("shl");
		break;
	case OP_SHR:
		EXECUTE_SIZED("shr");
		break;
	case OP_SAR:
		EXECUTE_SIZED("sar");
		break;
	case OP_SHLD:
		EXECUTE_DOUBLE("shld");
		break;
	default:
		EXECUTE_DOUBLE("shrd");
		break;
	}
	if (op <= OP_RCR)
		written = RFLAGS_CF | RFLAGS_OF;
	flags = (flags >> 8 & 0xff) | (overflow ? RFLAGS_OF : 0);
	emul_set_flags(regs, written, flags);
	return truncate(value, size);
}

u64 emul_scan(enum insn_op op, u64 old, u64 value, struct cpu_regs *regs)
{
	emul_set_flags(regs, RFLAGS_ZF, value ? 0 : RFLAGS_ZF);
	/* Of nothing, the destination stays as it is, on all processors. */
	if (!value)
		return old;
	return (u64)(op == OP_BSF ? __builtin_ctzll(value)
				  : 63 - __builtin_clzll(value));
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

bool emul_condition(u8 condition, u64 rflags)
{
	bool less = !(rflags & RFLAGS_SF) != !(rflags & RFLAGS_OF);
	bool holds;

	switch (condition >> 1) {
	case 0:
		holds = rflags & RFLAGS_OF;
		break;
	case 1:
		holds = rflags & RFLAGS_CF;
		break;
	case 2:
		holds = rflags & RFLAGS_ZF;
		break;
	case 3:
		holds = rflags & (RFLAGS_CF | RFLAGS_ZF);
		break;
	case 4:
		holds = rflags & RFLAGS_SF;
		break;
	case 5:
		holds = rflags & RFLAGS_PF;
		break;
	case 6:
		holds = less;
		break;
	default:
		holds = less || (rflags & RFLAGS_ZF);
		break;
	}
	return holds != (condition & 1);
}
