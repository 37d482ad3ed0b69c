/* SPDX-License-Identifier: MIT */
/*
 * A machine in which a virtual machine is made. The frames, the guest's memory,
 * the MMU and the devices are the real ones. A test file includes this in place
 * of the files of vmx/ that make it.
 */
#ifndef TESTS_UNIT_VM_CREATE_WORLD_H
#define TESTS_UNIT_VM_CREATE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "lib/types.h"

#define RAM_SIZE (96 * MIB)
#define FAKE_PAGES (RAM_SIZE / PAGE_SIZE)
#define FAKE_RAM_HPA 0 /* so that guest frames can be at their own address */
#define FAKE_RAM_ALONE
/* The limits of the direct map. */
#define DIRECT_MAP_BASE 0xffff800000000000ULL
#define DEVICE_MAP_BASE 0xffffc00000000000ULL

#include "vmx_machine.h"
#include "log_checks.h"

#define log_info log_to_text
#define memory ram_of_machine
#include "arch/x86/frames.c"
#undef memory
#include "vmx/state.c"
#include "vmx/vm.c"
#include "vmx/start/vmcs_setup.c"
#include "vmx/start/vm_create.c"
#undef log_info

#include "arch/x86/console/serial.h"
#include "mmu/shadow.h"
#include "vmx/trace/send.h"

#define IMAGE_START (16 * MIB)
#define IMAGE_SIZE (320 * KIB)
#define RECORDS_MAX 64512 /* of a trace of 512 pages */
#define VPID_COMPLETE                                                          \
	(EPT_VPID_CAP_INVVPID | EPT_VPID_CAP_TYPE(INVVPID_CONTEXT))

static struct vm vm;
static struct vm_config config;
static struct selftest_result selftest;
static struct boot_info info;
static bool nested;
static char console[16];
static u32 mp_signature;

u64 tsc_hz = 3 * 1000 * 1000 * 1000ULL;

/* --- Around the files above ------------------------------------------------- */

const struct hypervisor *vmx_hypervisor(void)
{
	static const struct hypervisor below;

	return nested ? &below : NULL;
}

void console_write(const char *s, size_t n)
{
	strncat(console, s, n);
}

bool rtc_read_register(u8 index, u8 *value)
{
	return false;
}

/* Three ticks are a nanosecond. */
u64 time_tsc_to_ns(u64 tsc)
{
	return tsc / 3;
}

void bios_data_write(struct guest_memory *gm)
{
	guest_memory_write(gm, 0x400, "BIOS", 4);
}

void acpi_write(struct guest_memory *gm)
{
	guest_memory_write(gm, ACPI_RSDP_GPA, "RSD PTR ", 8);
}

void mptable_write(struct guest_memory *gm, u32 signature, u32 features)
{
	guest_memory_write(gm, MPTABLE_GPA, "_MP_", 4);
	mp_signature = signature;
}

/* --- The machine ---------------------------------------------------------- */

static void add_ram(hpa_t start, hpa_t end)
{
	info.regions[info.region_count++] =
		(struct boot_region){ start, end - start, BOOT_MEMORY_RAM };
}

/* A processor that has all, and a PC's memory up to @top. */
static void set_up_machine(hpa_t top)
{
	start_machine(COMPLETE);
	processor.last_leaf = 0xd;
	capabilities.ept_vpid = VPID_COMPLETE;
	memset(&vm, 0, sizeof(vm));
	memset(&info, 0, sizeof(info));
	add_ram(0, 640 * KIB);
	add_ram(MIB, top);
	assert_true(frames_init(&info, IMAGE_START, IMAGE_START + IMAGE_SIZE));
}

static int set_up(void **state)
{
	set_up_machine(RAM_SIZE);
	config = (struct vm_config){ .policy = mmu_rung_policies[MMU_NOWALK],
				     .vpid = VPID_AUTO,
				     .trace_kinds = TRACE_ALL };
	selftest = (struct selftest_result){ .filter_works = true,
					     .leaf_trap_present = true };
	nested = false;
	mp_signature = 0;
	console[0] = log_text[0] = '\0';
	return 0;
}

static bool create_vm(void)
{
	return vm_create(&vm, &config, &selftest);
}

/* Creates it once more, on the same machine. */

#endif
