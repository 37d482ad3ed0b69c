/* SPDX-License-Identifier: MIT */
/* The commands of the monitor. */
#ifndef VMX_MONITOR_COMMANDS_H
#define VMX_MONITOR_COMMANDS_H

struct vm;

/* Carries out the command in @text, which is cut into words meanwhile. */
void monitor_command(struct vm *vm, char *text);

#endif
