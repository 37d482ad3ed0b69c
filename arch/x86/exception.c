/* SPDX-License-Identifier: MIT */
#include "arch/x86/exception.h"
#include "arch/x86/regs.h"

static const struct {
	const char *name, *words;
} exceptions[VECTOR_EXCEPTIONS] = {
	[VECTOR_DE] = { "#DE", "divide error" },
	[VECTOR_DB] = { "#DB", "debug" },
	[VECTOR_NMI] = { "NMI", "non-maskable interrupt" },
	[VECTOR_BP] = { "#BP", "breakpoint" },
	[VECTOR_OF] = { "#OF", "overflow" },
	[VECTOR_BR] = { "#BR", "bound range" },
	[VECTOR_UD] = { "#UD", "invalid opcode" },
	[VECTOR_NM] = { "#NM", "no FPU" },
	[VECTOR_DF] = { "#DF", "double fault" },
	[VECTOR_TS] = { "#TS", "invalid TSS" },
	[VECTOR_NP] = { "#NP", "segment not present" },
	[VECTOR_SS] = { "#SS", "stack fault" },
	[VECTOR_GP] = { "#GP", "general protection" },
	[VECTOR_PF] = { "#PF", "page fault" },
	[VECTOR_MF] = { "#MF", "FPU error" },
	[VECTOR_AC] = { "#AC", "alignment" },
	[VECTOR_MC] = { "#MC", "machine check" },
	[VECTOR_XM] = { "#XM", "SIMD error" },
	[VECTOR_VE] = { "#VE", "virtualization" },
	[VECTOR_CP] = { "#CP", "control protection" },
};

const char *exception_name(u8 vector)
{
	if (vector >= VECTOR_EXCEPTIONS)
		return "interrupt";
	return exceptions[vector].name ? exceptions[vector].name
				       : "reserved exception";
}

const char *exception_text(u8 vector)
{
	if (vector >= VECTOR_EXCEPTIONS || !exceptions[vector].words)
		return "unknown";
	return exceptions[vector].words;
}
