/* SPDX-License-Identifier: MIT */
/* The dump of a guest: its code is where CS:RIP leads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "fake_processor.h"
#include "host_log.h"
#include "mmu_world.h"

/* The dump goes to a text of ours. */
#define log_info log_to_text
#include "vmx/report/dump.c"
#undef log_info

#define GVA 0x5000ULL
#define PAGE 20ULL
#define ABOVE_4_GIB 0x100000000ULL

static struct vcpu vcpu;
static enum insn_mode mode;

u64 vcpu_cr0(const struct vcpu *v)
{
	return v->paging.cr0;
}

u64 vcpu_cr4(const struct vcpu *v)
{
	return v->paging.cr4;
}

void vcpu_load_regs(struct vcpu *v)
{
	(void)v;
}

enum insn_mode vcpu_code_mode_by_cs(const struct vcpu *v)
{
	(void)v;
	return mode;
}

/* Code at GVA; frames 0 to 3 are the tables of the lowest 2 MiB. */
static int set_up(void **state)
{
	(void)state;
	world_create(&mmu_rung_policies[MMU_BYPASS], 64, true);
	for (gfn_t level = 0; level < 3; level++)
		*world_gpte(level, 0) = (level + 1) << PAGE_SHIFT | LINKED;
	*world_gpte(3, GVA >> PAGE_SHIFT) = PAGE << PAGE_SHIFT | LINKED;
	memcpy(world_ram[PAGE], "\x0f\x0b\xf4", 3);
	vcpu.paging = world_cpu;
	memset(&fake, 0, sizeof(fake));
	log_text[0] = '\0';
	return 0;
}

static bool shows_code(enum insn_mode code, u64 base, u64 rip)
{
	mode = code;
	fake.vmcs[VMCS_GUEST_CS_BASE] = base;
	fake.vmcs[VMCS_GUEST_RIP] = rip;
	log_text[0] = '\0';
	vmx_dump_registers(&vcpu);
	return strstr(log_text, "code at rip: 0f 0b f4 ");
}

static void code_at_rip(void **state)
{
	(void)state;
	assert_true(shows_code(INSN_MODE_64, 0x1000, GVA));
	assert_true(shows_code(INSN_MODE_32, 0x1000, GVA - 0x1000));
	assert_false(shows_code(INSN_MODE_64, 0, ABOVE_4_GIB + GVA));
	/* The sum is cut to 32 bits (SDM vol. 1, 3.3.4). */
	assert_true(
		shows_code(INSN_MODE_32, ABOVE_4_GIB - 0x1000, GVA + 0x1000));
	assert_true(
		shows_code(INSN_MODE_16, ABOVE_4_GIB - 0x1000, GVA + 0x1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(code_at_rip, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
