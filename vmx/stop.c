/* SPDX-License-Identifier: MIT */
#include "lib/log.h"
#include "lib/printf.h"
#include "vmx/report/dump.h"
#include "vmx/stop.h"
#include "vmx/vm.h"

/* Maximum length of " at RIP 0x", 16 digits: they follow a long reason, too. */
#define AT_RIP_MAX 26

void vmx_stop_guest(struct vcpu *vcpu, const char *why, ...)
{
	struct vm *vm = vcpu->vm;
	char text[VM_WHY_SIZE - AT_RIP_MAX];
	va_list args;

	va_start(args, why);
	vsnprintf(text, sizeof(text), why, args);
	va_end(args);
	log_info(LOG_ERROR "the guest %s is stopped: %s", vm->name, text);
	vmx_dump(vcpu);
	if (!vm->ended)
		snprintf(vm->end_why, sizeof(vm->end_why), "%s at RIP 0x%lx",
			 text, vcpu->exit.rip);
	vm_end(vm, END_GUEST_STOPPED, 0);
}
