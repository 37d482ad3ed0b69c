/* SPDX-License-Identifier: MIT */
/* Every way to write a page-table entry that a kernel might use. */
#include "tests/guests/check/check.h"

#define OP(name)                                                               \
	static void op_##name(volatile u64 *e,                                 \
			      u64 old __attribute__((unused)),                 \
			      u64 new __attribute__((unused)))

OP(mov8)
{
	*e = new;
}

OP(mov4)
{
	volatile u32 *half = (volatile u32 *)e;

	half[1] = (u32)(new >> 32);
	half[0] = (u32) new;
}

OP(mov2)
{
	volatile u16 *word = (volatile u16 *)e;
	u32 i;

	for (i = 0; i < 4; i++)
		word[i] = (u16)(new >> 16 * i);
}

OP(mov1)
{
	volatile u8 *byte = (volatile u8 *)e;
	u32 i;

	for (i = 0; i < 8; i++)
		byte[i] = (u8)(new >> 8 * i);
}

/* Across the entry and the next one; then the rest. */
OP(mov_crossing)
{
	volatile u32 *half = (volatile u32 *)e;
	volatile u64 *both = (volatile u64 *)(half + 1);

	*both = new >> 32 | (u64)half[2] << 32;
	half[0] = (u32) new;
}

OP(mov_odd)
{
	u8 *byte = (u8 *)e;
	u16 value = (u16)((new & 0xff) << 8 | (e[-1] >> 56));

	__asm__ volatile("movw %1, %0"
			 : "=m"(*(u16 *)(byte - 1))
			 : "r"(value)
			 : "memory");
	__asm__ volatile("movq %1, %0"
			 : "=m"(*(u64 *)(byte + 1))
			 : "r"(new >> 8 | e[1] << 56)
			 : "memory");
}

OP(movnti)
{
	__asm__ volatile("movnti %1, %0" : "=m"(*e) : "r"(new));
}

OP(xchg)
{
	__asm__ volatile("xchg %1, %0" : "+m"(*e), "+r"(new));
}

OP(cmpxchg)
{
	__asm__ volatile("lock cmpxchg %2, %0"
			 : "+m"(*e), "+a"(old)
			 : "r"(new));
}

/* The first CMPXCHG fails, and must write nothing. */
OP(cmpxchg_failing)
{
	u64 other = ~old;

	__asm__ volatile("lock cmpxchg %2, %0"
			 : "+m"(*e), "+a"(other)
			 : "r"(~new));
	require(other == old && *e == old, "a failed CMPXCHG wrote");
	op_cmpxchg(e, old, new);
}

OP(cmpxchg4)
{
	volatile u32 *half = (volatile u32 *)e;
	u32 low = (u32)old, high = (u32)(old >> 32);

	__asm__ volatile("lock cmpxchgl %2, %0"
			 : "+m"(half[0]), "+a"(low)
			 : "r"((u32) new));
	__asm__ volatile("lock cmpxchgl %2, %0"
			 : "+m"(half[1]), "+a"(high)
			 : "r"((u32)(new >> 32)));
}

OP(cmpxchg8b)
{
	u32 low = (u32)old, high = (u32)(old >> 32);

	__asm__ volatile("lock cmpxchg8b %0"
			 : "+m"(*e), "+a"(low), "+d"(high)
			 : "b"((u32) new), "c"((u32)(new >> 32)));
}

OP(cmpxchg16b)
{
	u64 high = e[1];

	__asm__ volatile("lock cmpxchg16b %0"
			 : "+m"(*(volatile unsigned __int128 *)e), "+a"(old),
			   "+d"(high)
			 : "b"(new), "c"(high));
}

OP(xadd)
{
	u64 delta = new - old;

	__asm__ volatile("lock xadd %1, %0" : "+m"(*e), "+r"(delta));
	require(delta == old, "XADD read something else");
}

OP(add)
{
	__asm__ volatile("add %1, %0" : "+m"(*e) : "r"(new - old));
}

OP(sub)
{
	__asm__ volatile("lock sub %1, %0" : "+m"(*e) : "r"(old - new));
}

OP(xor)
{
	__asm__ volatile("lock xor %1, %0" : "+m"(*e) : "r"(old ^ new));
}

OP(and_or)
{
	__asm__ volatile("lock and %1, %0" : "+m"(*e) : "r"(new));
	__asm__ volatile("lock or %1, %0" : "+m"(*e) : "r"(new));
}

OP(not )
{
	*e = ~new;
	__asm__ volatile("lock notq %0" : "+m"(*e));
}

OP(neg)
{
	*e = -new;
	__asm__ volatile("negq %0" : "+m"(*e));
}

OP(inc_dec)
{
	*e = new + 1;
	__asm__ volatile("lock decq %0" : "+m"(*e));
	__asm__ volatile("decq %0" : "+m"(*e));
	__asm__ volatile("lock incq %0" : "+m"(*e));
}

OP(bts_btr)
{
	u64 bit;

	for (bit = 0; bit < 64; bit++) {
		if (new &BIT(bit))
			__asm__ volatile("lock bts %1, %0"
					 : "+m"(*e)
					 : "r"(bit));
		else
			__asm__ volatile("lock btr %1, %0"
					 : "+m"(*e)
					 : "r"(bit));
	}
}

/* The immediate forms, for P; BTC for the rest. */
OP(btc)
{
	u64 bit;

	if (new &PTE_P)
		__asm__ volatile("lock btsq $0, %0" : "+m"(*e));
	else
		__asm__ volatile("lock btrq $0, %0" : "+m"(*e));
	for (bit = 1; bit < 64; bit++)
		if ((old ^ new) & BIT(bit))
			__asm__ volatile("lock btc %1, %0"
					 : "+m"(*e)
					 : "r"(bit));
}

OP(stosq)
{
	__asm__ volatile("stosq" : "+D"(e) : "a"(new) : "memory");
}

OP(rep_stosb)
{
	u64 i;

	for (i = 0; i < 8; i++) {
		volatile u8 *byte = (volatile u8 *)e + i;
		u64 count = 1;

		__asm__ volatile("rep stosb"
				 : "+D"(byte), "+c"(count)
				 : "a"(new >> 8 * i)
				 : "memory");
	}
}

OP(rep_movsd)
{
	const u64 *source = &new;
	u64 count = 2;

	__asm__ volatile("rep movsl"
			 : "+D"(e), "+S"(source), "+c"(count)
			 :
			 : "memory");
}

OP(push)
{
	__asm__ volatile("mov %%rsp, %%rcx\n\t"
			 "mov %0, %%rsp\n\t"
			 "push %1\n\t"
			 "mov %%rcx, %%rsp"
			 :
			 : "r"(e + 1), "r"(new)
			 : "rcx", "memory");
}

OP(pop)
{
	__asm__ volatile("push %1\n\tpop (%0)" : : "r"(e), "r"(new) : "memory");
}

/* No clobber is named, since all our code does without the XMM registers. */
OP(movaps)
{
	u64 pair[2] = { new, e[1] };

	__asm__ volatile("movups %1, %%xmm0\n\tmovaps %%xmm0, %0"
			 : "=m"(*(volatile u64(*)[2])e)
			 : "m"(pair));
}

OP(movups_crossing)
{
	u64 three[3] = { e[-1], new, e[1] };

	__asm__ volatile("movups %1, %%xmm0\n\tmovups %%xmm0, %0"
			 : "=m"(*(volatile u64(*)[2])((u8 *)e - 4))
			 : "m"(*(u64(*)[2])((u8 *)three + 4)));
}

OP(movq_sse)
{
	__asm__ volatile("movq %1, %%xmm0\n\tmovq %%xmm0, %0"
			 : "=m"(*e)
			 : "r"(new));
}

OP(maskmovdqu)
{
	u64 pair[2] = { new, ~new }, mask[2] = { ~0ULL, 0 };

	__asm__ volatile("movups %1, %%xmm0\n\tmovups %2, %%xmm1\n\t"
			 "maskmovdqu %%xmm1, %%xmm0"
			 :
			 : "D"(e), "m"(pair), "m"(mask)
			 : "memory");
}

const struct write_op write_ops[] = {
	{ "MOV of 8 bytes", op_mov8, true, false },
	{ "MOV of 4 bytes", op_mov4, false, false },
	{ "MOV of 2 bytes", op_mov2, false, false },
	{ "MOV of 1 byte", op_mov1, false, false },
	{ "MOV across two entries", op_mov_crossing, false, false },
	{ "MOV at odd addresses", op_mov_odd, false, false },
	{ "MOVNTI", op_movnti, true, false },
	{ "XCHG", op_xchg, true, false },
	{ "CMPXCHG", op_cmpxchg, true, false },
	{ "a failing CMPXCHG", op_cmpxchg_failing, false, false },
	{ "CMPXCHG of 4 bytes", op_cmpxchg4, false, false },
	{ "CMPXCHG8B", op_cmpxchg8b, true, false },
	{ "CMPXCHG16B", op_cmpxchg16b, false, false },
	{ "XADD", op_xadd, true, false },
	{ "ADD", op_add, true, false },
	{ "SUB", op_sub, true, false },
	{ "XOR", op_xor, true, false },
	{ "AND and OR", op_and_or, false, false },
	{ "NOT", op_not, false, false },
	{ "NEG", op_neg, false, false },
	{ "INC and DEC", op_inc_dec, false, false },
	{ "BTS and BTR", op_bts_btr, false, false },
	{ "BTC", op_btc, false, false },
	{ "STOS", op_stosq, true, false },
	{ "REP STOS", op_rep_stosb, false, false },
	{ "REP MOVS", op_rep_movsd, false, false },
	{ "PUSH", op_push, true, true },
	{ "POP", op_pop, true, true },
	{ "MOVAPS", op_movaps, false, false },
	{ "MOVUPS across entries", op_movups_crossing, false, false },
	{ "MOVQ from an XMM register", op_movq_sse, true, false },
	{ "MASKMOVDQU", op_maskmovdqu, true, true },
};
const u32 write_op_count = ARRAY_SIZE(write_ops);
