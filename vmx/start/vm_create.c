/* SPDX-License-Identifier: MIT */
#include "arch/x86/console/console.h"
#include "arch/x86/cpu.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/frames.h"
#include "arch/x86/paging.h"
#include "arch/x86/rtc.h"
#include "arch/x86/time.h"
#include "guest/firmware/firmware.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "vmx/report/rung.h"
#include "vmx/start/selftest.h"
#include "vmx/vm.h"
#include "vmx/start/vm_create.h"
#include "vmx/start/vmcs_setup.h"
#include "vmx/vmx.h"

/*
 * Shadow pages for each MiB of the guest's memory. A page table maps 2 MiB, but
 * processes share memory and page tables are sparse; see docs/mmu.md.
 */
#define SHADOW_PAGES_PER_MIB 4
#define SHADOW_PAGES_MIN_DEFAULT 256

/* Kept back for small objects: VMCS, bitmaps, the rounding of tables. */
#define UMBRA_RESERVE (2 * MIB)

#define TRACE_PAGES 64 /* 8064 records */

/* --- Called by the MMU, by the guest's memory and its devices --------------- */

static hfn_t vm_gfn_to_hfn(void *ctx, gfn_t gfn)
{
	struct vm *vm = ctx;

	if (!vm_is_ram(vm, gfn << PAGE_SHIFT))
		return HFN_NONE;
	return guest_memory_hfn(&vm->memory, gfn);
}

static void *vm_map(void *ctx, hfn_t hfn)
{
	(void)ctx;
	return phys_to_virt(hfn << PAGE_SHIFT);
}

static void *vm_alloc(void *ctx, size_t pages)
{
	(void)ctx;
	return frames_alloc(pages);
}

static hpa_t vm_to_hpa(void *ctx, const void *memory)
{
	(void)ctx;
	return virt_to_phys(memory);
}

static void vm_flush(void *ctx)
{
	struct vm *vm = ctx;

	tlb_flush_merge(&vm->vcpu.flush,
			(struct tlb_flush){ .scope = TLB_SHADOW });
}

static void vm_flush_address(void *ctx, gva_t gva)
{
	struct vm *vm = ctx;

	tlb_flush_merge(&vm->vcpu.flush,
			(struct tlb_flush){ TLB_ADDRESS, gva });
}

static void vm_move_frame(void *ctx, gfn_t gfn, hfn_t hfn)
{
	struct vm *vm = ctx;

	guest_memory_move(&vm->memory, gfn, hfn);
}

static void vm_event(void *ctx, enum mmu_event event, gfn_t gfn, u64 detail)
{
	struct vm *vm = ctx;

	trace_mmu(&vm->trace, vm->vcpu.exit.tsc, event, gfn, detail);
}

static const struct mmu_ops mmu_ops = {
	.gfn_to_hfn = vm_gfn_to_hfn,
	.map = vm_map,
	.alloc = vm_alloc,
	.to_hpa = vm_to_hpa,
	.flush = vm_flush,
	.flush_address = vm_flush_address,
	.move_frame = vm_move_frame,
	.event = vm_event,
};

static void *map_frame(hfn_t hfn)
{
	return phys_to_virt(hfn << PAGE_SHIFT);
}

static const struct guest_memory_ops memory_ops = {
	.claim = frames_claim,
	.claim_any = frames_claim_any,
	.alloc = frames_alloc,
	.map = map_frame,
};

static void vm_console(void *ctx, u8 byte)
{
	struct vm *vm = ctx;
	char c = byte;

	vm->monitor.top.shown[0][0] = '\0'; /* this spoils top's picture */
	console_write(&c, 1);
}

/* Converts the guest's TSC, which is the machine's plus an offset. */
static u64 vm_tsc_to_ns(void *ctx, u64 tsc)
{
	const struct vm *vm = ctx;
	u64 host = rdtsc(), now = host + vm->vcpu.tsc_offset;

	if (tsc <= now)
		return 0;
	return time_tsc_to_ns(tsc - now > ~0ULL - host ? ~0ULL
						       : host + (tsc - now));
}

/* --- Sizes ----------------------------------------------------------------- */

/* @asked: the option mmu.pages, or 0 for the default of a guest of this size. */
static u64 shadow_pages(u64 asked, u64 guest_bytes)
{
	return asked ? asked
		     : MAX(guest_bytes / MIB * SHADOW_PAGES_PER_MIB,
			   SHADOW_PAGES_MIN_DEFAULT);
}

/* Returns the size of Umbra's own memory for a guest, in bytes. */
static u64 umbra_memory(u64 guest_bytes, u64 pages_asked)
{
	u64 frames = guest_memory_frames(guest_bytes);

	return mmu_memory(frames, shadow_pages(pages_asked, guest_bytes)) +
	       frames * sizeof(hfn_t) + UMBRA_RESERVE;
}

/* Returns the largest whole number of MiB that leaves Umbra its own memory. */
static u64 spare_memory(const struct vm_config *config)
{
	u64 free = frames_free_count() * PAGE_SIZE;
	u64 kept = config->canaries ? canaries_memory(free >> PAGE_SHIFT,
						      config->canaries)
				    : 0;
	u64 bytes = ALIGN_DOWN(free, MIB);

	while (bytes &&
	       bytes + umbra_memory(bytes, config->shadow_pages) + kept > free)
		bytes -= MIB;
	return bytes;
}

/* --- Parts of the machine -------------------------------------------------- */

/*
 * Chooses the size of the guest's memory. Returns false if the machine can't
 * give it that much; the reason has been logged.
 */
static bool choose_memory(struct vm *vm, const struct vm_config *config)
{
	u64 spare = spare_memory(config);
	u64 bytes = config->memory ? config->memory : spare;
	const char *fault = guest_memory_check(bytes, spare);

	vm->memory_bytes = bytes;
	vm->shadow_pages = shadow_pages(config->shadow_pages, bytes);
	if (fault == GUEST_MEMORY_OK)
		return true;
	log_info(LOG_ERROR "the guest can't have %lu KiB of memory: %s. This "
			   "machine can spare %lu MiB",
		 (unsigned long)(bytes / KIB), fault,
		 (unsigned long)(spare / MIB));
	return false;
}

static bool create_memory(struct vm *vm, u64 canaries)
{
	const char *fault =
		guest_memory_init(&vm->memory, &memory_ops, vm->memory_bytes);

	if (fault != GUEST_MEMORY_OK) {
		log_info(LOG_ERROR "no memory for the guest: %s", fault);
		return false;
	}
	if (!canaries || canaries_plant(&vm->canaries, &vm->memory, canaries))
		return true;
	log_info(LOG_ERROR
		 "no memory for the canaries: give the guest less, or "
		 "ask for fewer (canaries=)");
	return false;
}

/* Returns false if the user asks for a VPID, and the processor has none. */
static bool choose_vpid(struct vcpu *vcpu, enum vpid_wish wish)
{
	const char *objection =
		vpid_objection(vmx_capabilities(), wish, vmx_hypervisor());

	if (objection && wish == VPID_ON) {
		log_info(LOG_ERROR "vpid=1 can't work, vpid=auto can: %s",
			 objection);
		return false;
	}
	log_info("VPID: %s", objection ? objection : "used");
	if (!objection)
		vcpu_use_vpid(vcpu);
	return true;
}

/* Returns false if the processor can't step. */
static bool begin_gdb(struct vm *vm, struct serial_port *port)
{
	vm->gdb.link.port = port;
	if (vmx_has(&vm->vcpu.controls, CONTROLS_PIN, PIN_VIRTUAL_NMIS))
		return true;
	log_info(LOG_ERROR
		 "gdb= can't work: the processor lacks the control \"virtual "
		 "NMIs\"");
	return false;
}

/* Chooses the features in CPUID by Umbra's own abilities. */
static void choose_cpuid(struct vm *vm)
{
	u64 cr4 = vmx_capabilities()->cr4_fixed1;

	vm->cpuid = (struct cpuid_policy_input){
		.smep = cr4 & CR4_SMEP,
		.smap = cr4 & CR4_SMAP,
		.xsave = cr4 & CR4_OSXSAVE,
		.rdtscp = vmx_has(&vm->vcpu.controls, CONTROLS_CPU2,
				  CPU2_ENABLE_RDTSCP),
		.invariant_tsc = true,
		.tsc_hz = tsc_hz,
	};
	/* Below a hypervisor each CPUID is an exit to it. */
	vm->cpuid_last = cpuid(CPUID_VENDOR, 0).eax;
}

static bool create_mmu(struct vm *vm, const struct vm_config *config,
		       const struct selftest_result *selftest)
{
	struct mmu_config mmu = {
		.ops = &mmu_ops,
		.ctx = vm,
		.policy = config->policy,
		.gfn_count = guest_memory_frames(vm->memory_bytes),
		.shadow_pages = vm->shadow_pages,
		.maxphyaddr = cpuid(CPUID_ADDRESS_SIZE, 0).eax & 0xff,
		.gigabyte_pages = cpuid(CPUID_EXT_FEATURES, 0).edx &
				  CPUID_EXT_EDX_PAGE1GB,
		.leaf_trap_present = selftest->leaf_trap_present,
		.filter_works = selftest->filter_works,
		.user_filter_works = selftest->user_filter_works,
		.targets = MISC_CR3_TARGETS(vmx_capabilities()->misc),
	};

	vm->mmu = mmu_create(&mmu);
	if (!vm->mmu) {
		log_info(LOG_ERROR
			 "too little memory for the shadow tables of a guest "
			 "of %lu MiB: give the machine more, or the guest less "
			 "(guest.memory=)",
			 (unsigned long)(vm->memory_bytes / MIB));
		return false;
	}
	mmu_cpu_init(&vm->vcpu.paging, vm->mmu);
	return true;
}

static void create_devices(struct vm *vm)
{
	struct devices_config config = {
		.console = vm_console,
		.ctx = vm,
		.rtc_read = rtc_read_register,
		.tsc_to_ns = vm_tsc_to_ns,
		.memory = vm->memory_bytes,
		.maxphyaddr = cpuid(CPUID_ADDRESS_SIZE, 0).eax & 0xff,
	};

	devices_init(&vm->devices, &config);
}

/* Writes the tables that a PC's firmware leaves in memory. */
static void create_tables(struct vm *vm)
{
	struct cpuid_regs shown;

	bios_data_write(&vm->memory);
	acpi_write(&vm->memory);
	vm->rsdp = ACPI_RSDP_GPA;
	vm_cpuid(vm, CPUID_FEATURES, 0, &shown);
	mptable_write(&vm->memory, shown.eax, shown.edx);
}

/*
 * Makes room for the exits that a stop shows, each with another record. Returns
 * false, and logs it, if there is no memory for them.
 */
static bool create_trace(struct vm *vm, const struct vm_config *config)
{
	u32 pages =
		MAX(config->trace * 2 / TRACE_PACKET_RECORDS + 2, TRACE_PAGES);
	void *ring = frames_alloc(pages);

	if (!ring) {
		log_info(LOG_ERROR
			 "no memory for a trace of %u KiB: ask for fewer exits "
			 "(trace=)",
			 (u32)(pages * PAGE_SIZE / KIB));
		return false;
	}
	trace_init(&vm->trace, &vm->vcpu.record, ring, pages, tsc_hz);
	vm->shown_exits = config->trace;
	vm->trace_way = config->trace_way;
	vm->trace_port = config->trace_port;
	trace_filter(&vm->trace, config->trace_kinds);
	/* Events before the first exit have this time. */
	vm->vcpu.exit.tsc = rdtsc();
	return true;
}

static void print_sizes(const struct vm *vm, const struct vm_config *config)
{
	char rung[RUNG_WORDS_SIZE];
	u64 bytes = vm->memory_bytes;

	rung_words(&config->policy, rung);
	log_info("shadow MMU: %s", rung);
	log_info("guest memory: %lu MiB (%lu frames not at their own address), "
		 "%lu KiB for Umbra itself",
		 (unsigned long)(bytes / MIB), vm->memory.relocated,
		 (unsigned long)(umbra_memory(bytes, config->shadow_pages) /
				 KIB));
}

bool vm_create(struct vm *vm, const struct vm_config *config,
	       const struct selftest_result *selftest)
{
	vm->dump = config->dump;
	vm->audit = config->audit;
	vm->counters = config->counters;
	vm->vcpu.vm = vm;
	vm->vcpu.cr4_added = selftest->cr4_added;
	/*
	 * The trace comes first, and the guest's memory gets the rest. The pool
	 * of the MMU comes before that memory, as it is one piece.
	 */
	if (!create_trace(vm, config) || !choose_memory(vm, config) ||
	    !create_mmu(vm, config, selftest) ||
	    !create_memory(vm, config->canaries))
		return false;
	vcpu_create_vmcs(&vm->vcpu);
	if (config->gdb && !begin_gdb(vm, config->gdb))
		return false;
	if (!choose_vpid(&vm->vcpu, config->vpid))
		return false;
	choose_cpuid(vm);
	guest_msrs_init(&vm->msrs, vm->cpuid.rdtscp,
			cpuid(CPUID_ADDRESS_SIZE, 0).eax & 0xff);
	vm_find_features(vm);
	create_devices(vm);
	create_tables(vm);
	print_sizes(vm, config);
	return true;
}
