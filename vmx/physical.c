/* SPDX-License-Identifier: MIT */
/* Memory or device: see physical.h. */
#include "vmx/physical.h"

#include "arch/x86/time.h"
#include "vmx/vm.h"
#include "vmx/run.h"

void vcpu_read_physical(struct vcpu *vcpu, gpa_t gpa, void *buf, size_t len)
{
	if (vm_is_ram(vcpu->vm, gpa))
		mmu_read(vcpu->mmu.mmu, gpa, buf, len);
	else
		devices_mmio_read(&vcpu->vm->devices, gpa, buf, len, time_ns());
}

void vcpu_write_physical(struct vcpu *vcpu, gpa_t gpa, const void *buf,
			 size_t len)
{
	if (vm_is_ram(vcpu->vm, gpa)) {
		mmu_write(&vcpu->mmu, gpa, buf, len);
		return;
	}
	devices_mmio_write(&vcpu->vm->devices, gpa, buf, len, time_ns());
	vm_devices_changed(vcpu->vm);
}

bool vcpu_cmpxchg_physical(struct vcpu *vcpu, gpa_t gpa, const void *old,
			   const void *new, size_t len)
{
	if (vm_is_ram(vcpu->vm, gpa))
		return mmu_cmpxchg(&vcpu->mmu, gpa, old, new, len);
	/* A register is read once; nobody else has changed it since. */
	vcpu_write_physical(vcpu, gpa, new, len);
	return true;
}
