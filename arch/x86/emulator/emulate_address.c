/* SPDX-License-Identifier: MIT */
/*
 * The emulator's addresses. The processor has checked the operand whose access
 * faulted, but not those that come after it: of MOVS the destination, of a
 * PUSH from memory the stack, of a REP the next elements.
 */
#include "arch/x86/emulator/emulate_internal.h"

#define CANONICAL_BYTES 6 /* 48-bit linear addresses, SDM vol. 1, 3.3.7.1 */

static bool is_canonical(gva_t gva)
{
	return sign_extend(gva, CANONICAL_BYTES) == gva;
}

/* Type and limit, SDM vol. 3A, 5.3 and 5.5; @last: the last byte's offset. */
static bool segment_allows(const struct emul_segments *segments,
			   enum segment segment, u64 offset, u64 last,
			   bool write)
{
	u32 rights = segments->rights[segment];
	u64 limit = segments->limit[segment];

	if (rights & AR_UNUSABLE)
		return false;
	if (write && ((rights & AR_CODE) || !(rights & AR_WRITABLE)))
		return false;
	if ((rights & AR_CODE) && !(rights & AR_WRITABLE))
		return false;
	if (!(rights & AR_CODE) && (rights & AR_EXPAND_DOWN))
		return offset > limit &&
		       last <= (rights & AR_DB ? BITS(31, 0) : BITS(15, 0));
	/* A flat segment goes round at 4 GiB. */
	return last <= limit || limit == BITS(31, 0);
}

enum emul_status emul_linear(const struct emulation *e, enum segment segment,
			     u64 offset, unsigned int address_size, size_t len,
			     bool write, gva_t *gva)
{
	enum emul_status refusal = segment == SEG_SS ? EMUL_SS : EMUL_GP;
	const struct emul_segments *segments = e->segments;

	offset = truncate(offset, address_size);
	*gva = segments->base[segment] + offset;
	if (e->insn->mode == INSN_MODE_64)
		return is_canonical(*gva) && is_canonical(*gva + len - 1)
			       ? EMUL_OK
			       : refusal;
	*gva = truncate(*gva, 4);
	return segment_allows(segments, segment, offset, offset + len - 1,
			      write)
		       ? EMUL_OK
		       : refusal;
}

enum emul_status emul_locate(struct emulation *e, bool write)
{
	const struct insn *insn = e->insn;

	return emul_linear(
		e, insn->mem.segment, insn_memory_offset(insn, &e->regs),
		insn->address_size, insn->memory_size, write, &e->gva);
}

enum emul_status emul_check_target(const struct emulation *e, u64 target)
{
	bool allowed = e->insn->mode == INSN_MODE_64
			       ? is_canonical(target)
			       : target <= e->segments->limit[SEG_CS];

	return allowed ? EMUL_OK : EMUL_GP;
}
