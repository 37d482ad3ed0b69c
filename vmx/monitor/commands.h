/* SPDX-License-Identifier: MIT */
/* The commands of the monitor; each file has those of one subject. */
#ifndef VMX_MONITOR_COMMANDS_H
#define VMX_MONITOR_COMMANDS_H

#include "lib/types.h"
#include "vmx/monitor/line.h"

struct mmu_policy;
struct vm;

/*
 * Carries out the command in @text, which it cuts into words. @at_prompt:
 * commands that let the guest go on are allowed.
 */
void monitor_command(struct vm *vm, char *text, bool at_prompt);

/* Completes the last word of @line after a Tab, and fills @echo. */
void monitor_complete(struct line *line, char echo[TYPED_ECHO_SIZE]);

/* Forgets monitor.until, and ends the monitor's step; gdb's step stays. */
void monitor_disarm(struct vm *vm);

/* Adds the time since vm_stats.ended_ns, which becomes now, to the waiting. */
void monitor_count_wait(struct vm *vm);

/* Returns false if one of the arguments, the words after words[0], is wrong. */
#define HANDLER(name)                                                          \
	bool monitor_##name(struct vm *vm, char *const words[], size_t count)

/* shadow.c */
HANDLER(walk);
HANDLER(x);
/* survey.c */
HANDLER(map);
HANDLER(pages);
HANDLER(why);
/* state.c */
HANDLER(vmcs);
HANDLER(audit);
HANDLER(dirty);
/* vmx/trace/command.c */
HANDLER(trace);
/* top.c */
HANDLER(top);
/* policy.c */
HANDLER(mmu);
/*
 * Changes the policy at once, and keeps the rates until now for `mmu` to show.
 */
void monitor_change_policy(struct vm *vm, const struct mmu_policy *policy);
/* costs.c */
HANDLER(exits);
/* Shows the costs if it is time; returns true if it has. */
bool monitor_tick(struct vm *vm);
/*
 * Returns how long the guest has run by vm_stats.ended_ns, in ns, without
 * waits.
 */
u64 monitor_ran_ns(const struct vm *vm);
/* Returns the rate a second of @count in @ns. */
u64 per_second(u64 count, u64 ns);

#endif
