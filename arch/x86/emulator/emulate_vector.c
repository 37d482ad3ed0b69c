/* SPDX-License-Identifier: MIT */
/* Vector instructions: SDM vol. 2B, MOVUPS, PAND etc., MASKMOVDQU. */
#include "arch/x86/emulator/emulate_internal.h"
#include "lib/string.h"

#define XMM_BYTES 16
#define XMM_HIGH 8 /* where the upper half begins */
#define MASK_SELECTS BIT(7) /* of a byte of MASKMOVDQU's mask */

/* Runs of selected bytes, each one access; or, to @probe, whether they could. */
static bool masked_pass(struct emulation *e, const u8 *bytes, const u8 *mask,
			bool probe)
{
	size_t first, end;
	bool done;

	for (first = 0; first < XMM_BYTES; first = end + 1) {
		gva_t gva = e->gva + first;

		for (end = first; end < XMM_BYTES && (mask[end] & MASK_SELECTS);
		     end++)
			;
		if (end == first)
			continue;
		if (e->insn->mode != INSN_MODE_64)
			gva = truncate(gva, 4);
		done = probe ? linear_probe(e->memory, gva, end - first)
			     : linear_write(e->memory, gva, bytes + first,
					    end - first);
		if (!done)
			return false;
	}
	return true;
}

/* A fault on the second of two pages comes before the first is written. */
static bool masked_move(struct emulation *e)
{
	u8 bytes[XMM_BYTES], mask[XMM_BYTES];

	if (!emul_locate(e, true))
		return false;
	e->ops->read_vector(e->ctx, e->insn->reg, bytes, XMM_BYTES);
	e->ops->read_vector(e->ctx, e->insn->mask, mask, XMM_BYTES);
	return masked_pass(e, bytes, mask, true) &&
	       masked_pass(e, bytes, mask, false);
}

/* @buf becomes the register, which is the first operand, combined with it. */
static void combine(const struct emulation *e, void *buf)
{
	u64 old[2], value[2];
	size_t i;

	e->ops->read_vector(e->ctx, e->insn->reg, old, XMM_BYTES);
	memcpy(value, buf, XMM_BYTES);
	for (i = 0; i < 2; i++) {
		switch (e->insn->op) {
		case OP_PAND:
			value[i] &= old[i];
			break;
		case OP_PANDN:
			value[i] &= ~old[i];
			break;
		case OP_POR:
			value[i] |= old[i];
			break;
		default:
			value[i] ^= old[i];
		}
	}
	memcpy(buf, value, XMM_BYTES);
}

enum emul_status emul_vector(struct emulation *e)
{
	const struct insn *insn = e->insn;
	size_t memory = insn->memory_size, size = MAX(memory, XMM_BYTES);
	size_t at = insn->vector & VECTOR_HIGH ? XMM_HIGH : 0;
	u8 buf[EMUL_MAX_BYTES] = { 0 };

	if (insn->op == OP_MASKMOVDQU)
		return emul_outcome(masked_move(e));
	if (!emul_locate(e, insn->vector & VECTOR_STORE))
		return EMUL_FAULT;
	/* The processor's #GP for this comes before any page fault. */
	if ((insn->vector & VECTOR_ALIGNED) && e->gva % memory)
		return EMUL_UNSUPPORTED;
	if (insn->vector & VECTOR_STORE) {
		e->ops->read_vector(e->ctx, insn->reg, buf, size);
		return emul_outcome(
			linear_write(e->memory, e->gva, buf + at, memory));
	}
	if (insn->vector & VECTOR_MERGE)
		e->ops->read_vector(e->ctx, insn->reg, buf, size);
	if (!linear_read(e->memory, e->gva, buf + at, memory))
		return EMUL_FAULT;
	if (insn->op != OP_MOV_VECTOR)
		combine(e, buf);
	e->ops->write_vector(e->ctx, insn->reg, buf, size,
			     insn->vector & VECTOR_VEX);
	return EMUL_OK;
}
