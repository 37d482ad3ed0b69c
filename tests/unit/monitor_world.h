/* SPDX-License-Identifier: MIT */
/*
 * The monitor of a virtual machine with a page at GVA. Its commands print to a
 * text of the test. The header has short stand-ins for all else of vmx/ that
 * they call.
 */
#ifndef TESTS_UNIT_MONITOR_WORLD_H
#define TESTS_UNIT_MONITOR_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "fake_processor.h"
#include "host_log.h"
#include "mmu_world.h"

/* The commands print to a text of ours. */
#define log_info short_line
#include "vmx/monitor/commands.c"
#include "vmx/monitor/costs.c"
#include "vmx/monitor/line.c"
#include "vmx/monitor/monitor.c"
#include "vmx/monitor/policy.c"
#include "vmx/monitor/shadow.c"
#include "vmx/monitor/state.c"
#include "vmx/monitor/survey.c"
#include "vmx/monitor/top.c"
#include "vmx/trace/command.c"
/* A text that fills the buffer is cut off; the compiler asks. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-truncation"
#include "vmx/report/trace.c"
#pragma GCC diagnostic pop
#undef log_info

#define GVA 0x5000ULL
#define SLOT 5
#define PAGE 20ULL
/* Columns of a screen, and the prefix of a line. */
#define COLUMNS 80
#define PREFIX_LENGTH 7

static struct vm vm;
static enum end_reason ended;
static u8 ring[PAGE_SIZE] __attribute__((aligned(4096)));

/* --- The rest of vmx/ ------------------------------------------------------- */

void short_line(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	assert_in_range(log_to_text_args(fmt, args), 0,
			COLUMNS - PREFIX_LENGTH);
	va_end(args);
}

u64 time_ns(void)
{
	return fake.tsc;
}

void vmx_dump_registers(struct vcpu *vcpu)
{
	short_line("registers");
}

enum insn_mode vcpu_code_mode_by_cs(const struct vcpu *vcpu)
{
	return INSN_MODE_64;
}

void vm_end_by_user(struct vm *v, enum end_reason reason)
{
	v->ended = true;
	ended = reason;
}

void vmx_change_policy(struct vcpu *vcpu, const struct mmu_policy *policy)
{
	mmu_set_policy(&vcpu->paging, policy);
}

/* tests/unit/test_gdb_serve.c tests the steps. */
bool step_begin(struct vm *v)
{
	v->gdb.step.on = true;
	return true;
}

void step_end(struct vm *v)
{
	v->gdb.step.on = false;
}

bool step_is_over(const struct vm *v)
{
	return v->gdb.step.on;
}

void stats_print(const struct vm *v)
{
}

/* --- The console: typed keys, and shown text ------------------------------- */

static const char *typed = "";
static const char *typed_later; /* once the monitor waits for keys */

void console_poll(void)
{
}

int console_read(void)
{
	return *typed ? (u8)*typed++ : -1;
}

static size_t shown_bytes;

void console_write(const char *text, size_t length)
{
	shown_bytes += length;
}

void screen_refresh(void)
{
}

void apic_sleep(u64 ns)
{
	if (!typed_later)
		fail_msg("the prompt waits for more keys");
	typed = typed_later;
	typed_later = NULL;
}

/* A page at GVA; frames 0 to 3 are the tables of the lowest 2 MiB. */
static inline int set_up(void **state)
{
	world_create(&mmu_rung_policies[MMU_BYPASS], 64, true);
	for (gfn_t level = 0; level < 3; level++)
		*world_gpte(level, 0) = (level + 1) << 12 | LINKED;
	*world_gpte(3, SLOT) = PAGE << 12 | LINKED;
	memset(&vm, 0, sizeof(vm));
	vm.mmu = world_mmu;
	vm.vcpu.paging = world_cpu;
	world_mmu->cpu = &vm.vcpu.paging;
	vm.monitor.keys.request = REQUEST_MONITOR;
	memset(ring, 0, sizeof(ring));
	trace_init(&vm.trace, &vm.vcpu.record, ring, 1, NS_PER_SEC);
	return 0;
}

static inline void run_command(const char *text)
{
	char line[TYPED_SIZE];

	log_text[0] = '\0';
	snprintf(line, sizeof(line), "%s", text);
	monitor_command(&vm, line, true);
}

static inline void command_prints(const char *text, const char *expected)
{
	run_command(text);
	if (strstr(log_text, expected))
		return;
	/* fail_msg() has room for 1 KiB. */
	fputs(log_text, stderr);
	fail_msg("%s does not print \"%s\"", text, expected);
}

static inline void cause_fault(gva_t gva, u32 access)
{
	struct guest_walk walk;

	mmu_root(&vm.vcpu.paging);
	mmu_page_fault(&vm.vcpu.paging, gva, PFEC_P | PFEC_RSVD | access,
		       &walk);
}

static inline void count_exit(u32 kind, u32 ticks)
{
	vm.stats.costs.counts[kind][cost_bucket(ticks)]++;
}

#endif
