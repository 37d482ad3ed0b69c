/* SPDX-License-Identifier: MIT */
/* INS and OUTS by the fields of their exit: see string_io.h. */
#include "vmx/exits/string_io.h"

#include "vmx/exit_qualification.h"

struct insn string_io_insn(u64 qualification, u32 info, u32 length,
			   enum insn_mode mode)
{
	bool in = qualification & QUAL_IO_IN;

	return (struct insn){
		.op = in ? OP_INS : OP_OUTS,
		.mode = mode,
		.length = length,
		.operand_size = QUAL_IO_SIZE(qualification),
		.memory_size = QUAL_IO_SIZE(qualification),
		.address_size = IO_INFO_ADDRESS_BYTES(info),
		.rep = qualification & QUAL_IO_REP,
		.dst = in ? OPERAND_MEM : OPERAND_NONE,
		.src = in ? OPERAND_NONE : OPERAND_MEM,
		/* INS always uses ES, and its information has no segment. */
		.mem.segment = in ? SEG_ES : IO_INFO_SEGMENT(info),
	};
}
