/* SPDX-License-Identifier: MIT */
/* Moves between memory and XMM or YMM registers: SDM vol. 2B, MOVUPS etc. */
#include "arch/x86/emulate_internal.h"
#include "lib/string.h"

#define XMM_BYTES 16
#define XMM_HIGH 8 /* where the upper half begins */

enum emul_status emul_vector(struct emulation *e)
{
	const struct insn *insn = e->insn;
	size_t memory = insn->memory_size, size = MAX(memory, XMM_BYTES);
	size_t at = insn->vector & VECTOR_HIGH ? XMM_HIGH : 0;
	u8 buf[EMUL_MAX_BYTES] = { 0 };
	enum emul_status status;

	status = emul_locate(e, insn->vector & VECTOR_STORE);
	if (status != EMUL_OK)
		return status;
	/* The processor's #GP for this comes before any page fault. */
	if ((insn->vector & VECTOR_ALIGNED) && e->gva % memory)
		return EMUL_UNSUPPORTED;
	if (insn->vector & VECTOR_STORE) {
		e->ops->read_vector(e->ctx, insn->reg, buf, size);
		return e->ops->write(e->ctx, e->gva, buf + at, memory);
	}
	if (insn->vector & VECTOR_MERGE)
		e->ops->read_vector(e->ctx, insn->reg, buf, size);
	status = e->ops->read(e->ctx, e->gva, buf + at, memory);
	if (status == EMUL_OK)
		e->ops->write_vector(e->ctx, insn->reg, buf, size,
				     insn->vector & VECTOR_VEX);
	return status;
}
