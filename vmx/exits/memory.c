/* SPDX-License-Identifier: MIT */
/* The operations of linear.h: see memory.h. */
#include "vmx/exits/memory.h"
#include "vmx/loop/schedule.h"

#include "arch/x86/time.h"
#include "vmx/vm.h"

void vcpu_read_segment(unsigned int n, struct segment_register *reg)
{
	*reg = (struct segment_register){
		.selector = vmread(VMCS_GUEST_ES_SELECTOR + 2 * n),
		.base = vmread(VMCS_GUEST_ES_BASE + 2 * n),
		.limit = vmread(VMCS_GUEST_ES_LIMIT + 2 * n),
		.rights = vmread(VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * n),
	};
}

static void read_segment(void *ctx, enum segment segment,
			 struct segment_register *reg)
{
	(void)ctx;
	vcpu_read_segment(segment, reg);
}

static bool translate(void *ctx, gva_t gva, bool write, gpa_t *gpa,
		      u32 *error_code)
{
	struct vcpu_memory *memory = ctx;
	struct guest_walk walk;

	if (!mmu_walk(&memory->vcpu->paging, gva,
		      memory->rights | (write ? PFEC_W : 0), WALK_FOR_DATA,
		      &walk)) {
		*error_code = walk.error_code;
		return false;
	}
	*gpa = walk.gpa;
	return true;
}

/* RAM is read through the MMU, which knows its frame. */
static void read_physical(void *ctx, gpa_t gpa, void *buf, size_t len)
{
	struct vcpu *vcpu = ((struct vcpu_memory *)ctx)->vcpu;

	if (vm_is_ram(vcpu->vm, gpa))
		mmu_read(vcpu->vm->mmu, gpa, buf, len);
	else
		devices_mmio_read(&vcpu->vm->devices, gpa, buf, len, time_ns());
}

void vcpu_write_device(struct vcpu *vcpu, gpa_t gpa, const void *buf,
		       size_t len)
{
	devices_mmio_write(&vcpu->vm->devices, gpa, buf, len, time_ns());
	vm_devices_changed(vcpu->vm);
}

static void write_physical(void *ctx, gpa_t gpa, const void *buf, size_t len)
{
	struct vcpu_memory *memory = ctx;
	struct vcpu *vcpu = memory->vcpu;

	if (vm_is_ram(vcpu->vm, gpa)) {
		memory->linear.released |=
			mmu_write(&vcpu->paging, gpa, buf, len);
		return;
	}
	vcpu_write_device(vcpu, gpa, buf, len);
}

static bool cmpxchg_physical(void *ctx, gpa_t gpa, const void *old,
			     const void *new, size_t len)
{
	struct vcpu *vcpu = ((struct vcpu_memory *)ctx)->vcpu;

	if (vm_is_ram(vcpu->vm, gpa))
		return mmu_cmpxchg(&vcpu->paging, gpa, old, new, len);
	/*
	 * The emulator has read the device's register; nothing has changed it
	 * since.
	 */
	write_physical(ctx, gpa, new, len);
	return true;
}

static const struct linear_ops memory_ops = {
	.read_segment = read_segment,
	.translate = translate,
	.read = read_physical,
	.write = write_physical,
	.cmpxchg = cmpxchg_physical,
};

void vcpu_memory_begin(struct vcpu_memory *memory, struct vcpu *vcpu,
		       enum insn_mode mode, u32 rights)
{
	memory->vcpu = vcpu;
	memory->rights = rights;
	/* Without the rung "nowalk" each access walks, as KVM's did. */
	linear_begin(&memory->linear, &memory_ops, memory, mode == INSN_MODE_64,
		     mmu_policy(vcpu->vm->mmu)->nowalk);
}
