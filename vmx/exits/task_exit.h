/* SPDX-License-Identifier: MIT */
/*
 * The exit of a task switch: the course of the switch, and the fate of the
 * event that may have caused it. Pure.
 */
#ifndef VMX_TASK_EXIT_H
#define VMX_TASK_EXIT_H

#include "arch/x86/emulator/task_switch.h"

enum nmi_blocking {
	NMI_BLOCKING_STAYS,
	NMI_BLOCKING_BEGINS,
	NMI_BLOCKING_ENDS
};

struct task_exit {
	u16 selector; /* of the new TSS */
	enum task_source source;
	/* True: the old task resumes after the instruction; false: at it. */
	bool skips_instruction;
	/* The new task finds the event's error code on its stack. */
	bool pushes_error_code;
	/*
	 * EXT in the error codes of faults: no instruction has caused the
	 * switch.
	 */
	bool is_external;
	enum nmi_blocking nmi; /* once the switch is done */
};

/*
 * Returns the facts by @qualification (SDM vol. 3C, table 27-2) and @event, the
 * IDT-vectoring information (table 24-17).
 */
struct task_exit task_exit(u64 qualification, u32 event);

#endif
