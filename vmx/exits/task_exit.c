/* SPDX-License-Identifier: MIT */
/* The exit of a task switch: see task_exit.h. */
#include "vmx/exits/task_exit.h"

#include "vmx/exit_qualification.h"

/* An NMI whose handler is a task is over when an IRET leaves that task. */
static enum nmi_blocking nmi_blocking(enum task_source source, bool delivering,
				      u32 event)
{
	if (delivering && vmx_intr_type(event) == INTR_NMI)
		return NMI_BLOCKING_BEGINS;
	return source == TASK_IRET ? NMI_BLOCKING_ENDS : NMI_BLOCKING_STAYS;
}

struct task_exit task_exit(u64 qualification, u32 event)
{
	enum task_source source = QUAL_TASK_SOURCE(qualification);
	bool valid = event & VMX_INTR_VALID;
	bool delivering = source == TASK_GATE && valid;

	return (struct task_exit){
		.selector = QUAL_TASK_SELECTOR(qualification),
		.source = source,
		.skips_instruction = !delivering || vmx_intr_is_software(event),
		.pushes_error_code = delivering &&
				     (event & VMX_INTR_ERROR_CODE),
		.is_external = valid && !vmx_intr_is_software(event),
		.nmi = nmi_blocking(source, delivering, event),
	};
}
