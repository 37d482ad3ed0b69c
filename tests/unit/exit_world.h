/* SPDX-License-Identifier: MIT */
/*
 * A virtual machine for the handlers of exits, on a VMCS that is an array. A
 * test includes fake_processor.h, the files of vmx/ that it tests, and then
 * this header. The header has short stand-ins for all else of vmx/ that these
 * files call.
 */
#ifndef TESTS_UNIT_EXIT_WORLD_H
#define TESTS_UNIT_EXIT_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "mmu_world.h"
#include "quiet_machine.h"

#include "guest/hypercall.h"
#include "vmx/exits/handlers.h"
#include "vmx/events/inject.h"
#include "vmx/report/operation.h"
#include "vmx/loop/schedule.h"
#include "vmx/loop/serve.h"
#include "vmx/stop.h"
#include "vmx/vm.h"
#include "vmx/vmx.h"

#define RIP 0x7000ULL
#define LENGTH 3
#define CODE64 (AR_P | AR_S | AR_CODE | AR_L)
#define CODE32 (AR_P | AR_S | AR_CODE | AR_DB)
#define FAULT(vector) VMX_INTR(INTR_HARDWARE_EXCEPTION, vector)
#define CODED(vector) (FAULT(vector) | VMX_INTR_ERROR_CODE)
/* A frame that the hypercalls write. */
#define PAGE 0x9000ULL

static struct vm vm;
static struct vcpu *const vcpu = &vm.vcpu;
static u64 *const gpr = vm.vcpu.regs.gpr;
static struct vmx_capabilities capabilities;
static char stopped[160]; /* why the guest is stopped; "": it is not */
static u32 served, devices_changed;
static u64 jump; /* RIP of gdb's "jump", while the devices are served; or 0 */

/* --- The rest of vmx/ ------------------------------------------------------- */

const struct vmx_capabilities *vmx_capabilities(void)
{
	return &capabilities;
}

const struct hypervisor *vmx_hypervisor(void)
{
	return NULL;
}

void vmx_stop_guest(struct vcpu *v, const char *why, ...)
{
	va_list args;

	(void)v;
	va_start(args, why);
	vsnprintf(stopped, sizeof(stopped), why, args);
	va_end(args);
}

void vm_end(struct vm *v, enum end_reason reason, int status)
{
	v->ended = true;
	v->end_reason = reason;
	v->end_status = status;
}

static void receive_message(u8 delivery, u8 vector)
{
	const struct apic_message message = { .delivery = delivery,
					      .vector = vector };

	lapic_receive(&vm.devices.lapic, &message);
}

/* The guest's timer: it interrupts when it is served for the second time. */
void vm_serve_devices(struct vm *v)
{
	if (jump)
		vmwrite(VMCS_GUEST_RIP, jump);
	if (++served == 2)
		receive_message(APIC_FIXED, 0x40);
}

void vm_devices_changed(struct vm *v)
{
	(void)v;
	devices_changed++;
}

void vm_interrupted(struct vm *v)
{
	(void)v;
}

void vm_cpuid(const struct vm *v, u32 leaf, u32 subleaf, struct cpuid_regs *out)
{
	(void)v;
	*out = (struct cpuid_regs){ leaf, subleaf, 0x11111111, 0x22222222 };
}

void vm_find_features(struct vm *v)
{
	(void)v;
}

bool vm_is_ram(const struct vm *v, gpa_t gpa)
{
	return (gpa & PAGE_MASK) != lapic_page(&v->devices.lapic) &&
	       guest_memory_map(&v->memory, gpa);
}

void vm_deliver_input(struct vm *v)
{
	(void)v;
}

u64 time_ns(void)
{
	return fake.tsc;
}

void operation_begin(struct vcpu *v, const struct hypercall_operation *op)
{
}

void operation_end(struct vcpu *v, const struct hypercall_operation *op)
{
}

void trap_machine_check(void)
{
	abort();
}

/* --- The guest -------------------------------------------------------------- */

static void *map_frame(hfn_t hfn)
{
	return world_ram[hfn - WORLD_HFN_BASE];
}

static const struct guest_memory_ops frame_ops = { .map = map_frame };
static hfn_t p2m[WORLD_FRAMES];

static int set_up(void **state)
{
	const struct devices_config config = {
		.console = no_console,
		.rtc_read = no_rtc,
		.tsc_to_ns = tsc_as_ns,
		.memory = WORLD_FRAMES * PAGE_SIZE,
		.maxphyaddr = WORLD_MAXPHYADDR,
	};

	memset(&vm, 0, sizeof(vm));
	memset(&fake, 0, sizeof(fake));
	memset(&capabilities, 0, sizeof(capabilities));
	capabilities.cr4_fixed1 = ~0ULL;
	stopped[0] = '\0';
	served = devices_changed = 0;
	jump = 0;
	world_create(&mmu_rung_policies[MMU_NOWALK], 64, true);
	vm.mmu = world_mmu;
	vcpu->vm = &vm;
	vcpu->record = &vm.trace.none;
	vcpu->paging = world_cpu;
	devices_init(&vm.devices, &config);
	guest_msrs_init(&vm.msrs, true, WORLD_MAXPHYADDR);
	for (gfn_t gfn = 0; gfn < WORLD_FRAMES; gfn++)
		p2m[gfn] = gfn + WORLD_HFN_BASE;
	vm.memory = (struct guest_memory){
		.ops = &frame_ops,
		.p2m = p2m,
		.gfn_count = WORLD_FRAMES,
	};
	vm.features = (struct cr_features){
		.cr4 = CR4_PAE | CR4_PSE | CR4_SMEP | CR4_PGE,
		.efer = EFER_LME | EFER_NXE | EFER_SCE,
		.xcr0 = XCR0_X87 | XCR0_SSE,
		.maxphyaddr = WORLD_MAXPHYADDR,
	};
	vcpu->controls.value[CONTROLS_PIN] = PIN_VIRTUAL_NMIS;
	vmwrite(VMCS_GUEST_RIP, RIP);
	vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
	vmwrite(VMCS_GUEST_CS_ACCESS_RIGHTS, CODE64);
	vmwrite(VMCS_VM_EXIT_INSTRUCTION_LENGTH, LENGTH);
	vmwrite(VMCS_GUEST_INTERRUPTIBILITY_STATE, BLOCKING_BY_STI);
	return 0;
}

static inline void assert_done(void)
{
	assert_string_equal(stopped, "");
	assert_int_equal(vcpu->event.info, 0);
	assert_int_equal(vmread(VMCS_GUEST_RIP), RIP + LENGTH);
	assert_int_equal(vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE), 0);
	vmwrite(VMCS_GUEST_RIP, RIP);
}

static inline void assert_event(u32 info, u32 error_code)
{
	assert_string_equal(stopped, "");
	assert_int_equal(vcpu->event.info, info);
	assert_int_equal(vcpu->event.error_code, error_code);
	assert_int_equal(vmread(VMCS_GUEST_RIP), RIP);
}

#endif
