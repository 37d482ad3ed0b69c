/* SPDX-License-Identifier: MIT */
/* Vector moves: SDM vol. 2B, MOVUPS and the others of insn_vectors. */
#include "arch/x86/emulator/emulate_internal.h"

#define XMM_BYTES 16
#define XMM_HIGH 8 /* the offset of the upper half */

enum emul_status emul_vector(struct emulation *e)
{
	const struct insn *insn = e->insn;
	size_t memory = insn->memory_size, size = MAX(memory, XMM_BYTES);
	size_t at = insn->vector & VECTOR_HIGH ? XMM_HIGH : 0;
	u8 buf[EMUL_MAX_BYTES] = { 0 };

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
	e->ops->write_vector(e->ctx, insn->reg, buf, size,
			     insn->vector & VECTOR_VEX);
	return EMUL_OK;
}
