/* SPDX-License-Identifier: MIT */
/*
 * A hardware task switch, in the order of SDM vol. 3A, 7.3: the old task's
 * state goes to its TSS, the new one's is read, and then its segments are
 * loaded. Their faults are raised in the new task.
 */
#include "lib/string.h"
#include "arch/x86/emulator/task_switch.h"

/* The images in memory, SDM vol. 3A, figures 7-2 and 7-10. */
struct tss32 {
	u32 link;
	u32 stacks[6]; /* ESP0, SS0 to SS2 */
	u32 cr3;
	u32 eip;
	u32 eflags;
	u32 gpr[8];
	u32 segment[SEG_COUNT];
	u32 ldt;
	u16 trap; /* bit 0: T */
	u16 io_map;
};

struct tss16 {
	u16 link;
	u16 stacks[6];
	u16 ip;
	u16 flags;
	u16 gpr[8];
	u16 segment[SEG_FS]; /* ES, CS, SS, DS */
	u16 ldt;
};

/* All defined flags except bit 1, SDM vol. 1, 3.4.3. */
#define RFLAGS_DEFINED 0x3f7fd5
#define TSS_TRAP BIT(0)
#define DESCRIPTOR_SIZE 8
#define DESCRIPTOR_TYPE_BYTE 5
#define DESCRIPTOR_BUSY BIT(1) /* in its type byte */
#define SELECTOR_TI BIT(2)
#define SELECTOR_RPL 3
#define SELECTOR_NULL(selector) (!((selector) & ~SELECTOR_RPL))

/* A segment of virtual-8086 mode, SDM vol. 3C, 26.3.1.2. */
#define V86_LIMIT 0xffff
#define V86_RIGHTS (AR_P | 3 << AR_DPL_SHIFT | AR_S | AR_WRITABLE | AR_ACCESSED)

struct switching {
	struct task_cpu *cpu;
	struct linear *memory;
};

static bool read(struct switching *s, u64 gva, void *buf, size_t len)
{
	return linear_read(s->memory, (u32)gva, buf, len);
}

static bool write(struct switching *s, u64 gva, const void *buf, size_t len)
{
	return linear_write(s->memory, (u32)gva, buf, len);
}

static bool probe(struct switching *s, u64 gva, size_t len)
{
	return linear_probe(s->memory, (u32)gva, len);
}

static bool raise(struct switching *s, enum vector vector, u16 selector)
{
	return linear_raise(s->memory, vector, selector & ~SELECTOR_RPL);
}

/* Converts a descriptor to the fields of a segment register, 3.4.5. */
static void unpack(u64 descriptor, struct segment_register *out)
{
	u32 limit = (descriptor & BITS(15, 0)) |
		    (descriptor >> 32 & BITS(19, 16));

	out->base = (descriptor >> 16 & BITS(23, 0)) |
		    (descriptor >> 32 & BITS(31, 24));
	out->rights = descriptor >> 40 & (BITS(7, 0) | BITS(15, 12));
	out->limit = out->rights & AR_G ? limit << 12 | BITS(11, 0) : limit;
}

/* Finds the descriptor of @selector; returns false beyond its table's limit. */
static bool locate(const struct task_cpu *cpu, u16 selector, u32 *gva)
{
	const struct segment_register *ldtr = &cpu->segment[TASK_LDTR];
	bool local = selector & SELECTOR_TI;
	u32 offset = selector & ~7U;

	if (local && (ldtr->rights & AR_UNUSABLE))
		return false;
	if (offset + DESCRIPTOR_SIZE - 1 >
	    (local ? ldtr->limit : cpu->gdt_limit))
		return false;
	*gva = (u32)(local ? ldtr->base : cpu->gdt_base) + offset;
	return true;
}

static bool set_busy(struct switching *s, u16 selector, bool busy)
{
	u32 gva;
	u8 type;

	/* Both selectors have been through the processor's own checks. */
	if (!locate(s->cpu, selector, &gva))
		return raise(s, VECTOR_TS, selector);
	gva += DESCRIPTOR_TYPE_BYTE;
	if (!read(s, gva, &type, 1))
		return false;
	type = busy ? type | DESCRIPTOR_BUSY : type & ~DESCRIPTOR_BUSY;
	return write(s, gva, &type, 1);
}

/* --- The images --- */

/* Reads an image; a 16-bit one is widened to the fields of a 32-bit one. */
static bool read_image(struct switching *s, const struct segment_register *tr,
		       struct tss32 *image)
{
	struct tss16 small;
	unsigned int i;

	if (task_is_32bit(tr->rights))
		return read(s, tr->base, image, sizeof(*image));
	if (!read(s, tr->base, &small, sizeof(small)))
		return false;
	memset(image, 0, sizeof(*image));
	image->link = small.link;
	image->eip = small.ip;
	image->eflags = small.flags;
	image->ldt = small.ldt;
	for (i = 0; i < ARRAY_SIZE(small.gpr); i++)
		image->gpr[i] = small.gpr[i];
	for (i = 0; i < ARRAY_SIZE(small.segment); i++)
		image->segment[i] = small.segment[i];
	return true;
}

/* Saves a task's state in its TSS: the fields from EIP (IP) to the segments. */
static bool save(struct switching *s, u32 eflags)
{
	const struct task_cpu *cpu = s->cpu;
	const struct segment_register *tr = &cpu->segment[TASK_TR];
	struct tss32 large = { .eip = cpu->eip, .eflags = eflags };
	struct tss16 small = { .ip = cpu->eip, .flags = eflags };
	const size_t from32 = offsetof(struct tss32, eip);
	const size_t from16 = offsetof(struct tss16, ip);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cpu->gpr); i++) {
		large.gpr[i] = cpu->gpr[i];
		small.gpr[i] = cpu->gpr[i];
	}
	for (i = 0; i < SEG_COUNT; i++)
		large.segment[i] = cpu->segment[i].selector;
	for (i = 0; i < SEG_FS; i++)
		small.segment[i] = cpu->segment[i].selector;
	if (task_is_32bit(tr->rights))
		return write(s, tr->base + from32, (u8 *)&large + from32,
			     offsetof(struct tss32, ldt) - from32);
	return write(s, tr->base + from16, (u8 *)&small + from16,
		     offsetof(struct tss16, ldt) - from16);
}

/* --- The new task's segments: SDM vol. 3A, 7.3, step 13, and table 7-1 --- */

static bool load_ldtr(struct switching *s, u16 selector)
{
	struct segment_register *ldtr = &s->cpu->segment[TASK_LDTR];
	u64 descriptor;
	u32 gva;

	*ldtr = (struct segment_register){ .selector = selector,
					   .rights = AR_UNUSABLE };
	if (SELECTOR_NULL(selector))
		return true;
	if ((selector & SELECTOR_TI) || !locate(s->cpu, selector, &gva))
		return raise(s, VECTOR_TS, selector);
	if (!read(s, gva, &descriptor, sizeof(descriptor)))
		return false;
	unpack(descriptor, ldtr);
	if ((ldtr->rights & AR_S) || AR_TYPE(ldtr->rights) != AR_LDT ||
	    !(ldtr->rights & AR_P)) {
		ldtr->rights = AR_UNUSABLE;
		return raise(s, VECTOR_TS, selector);
	}
	return true;
}

/* Returns true if the type and the privilege of a descriptor suit @segment. */
static bool is_loadable(enum segment segment, u32 rights, unsigned int rpl,
			unsigned int cpl)
{
	unsigned int dpl = AR_DPL(rights);

	if (!(rights & AR_S))
		return false;
	switch (segment) {
	case SEG_CS:
		if (!(rights & AR_CODE))
			return false;
		/* CPL is the RPL of the new CS. */
		return rights & AR_EXPAND_DOWN ? dpl <= rpl : dpl == rpl;
	case SEG_SS:
		return !(rights & AR_CODE) && (rights & AR_WRITABLE) &&
		       rpl == cpl && dpl == cpl;
	default:
		if (rights & AR_CODE && !(rights & AR_WRITABLE))
			return false;
		if ((rights & AR_CODE) && (rights & AR_EXPAND_DOWN))
			return true;
		return dpl >= cpl && dpl >= rpl;
	}
}

static bool load_segment(struct switching *s, enum segment segment,
			 u16 selector, unsigned int cpl)
{
	struct segment_register *reg = &s->cpu->segment[segment], loaded;
	u64 descriptor;
	u32 gva;

	if (SELECTOR_NULL(selector)) {
		if (segment == SEG_CS || segment == SEG_SS)
			return raise(s, VECTOR_TS, selector);
		return true;
	}
	if (!locate(s->cpu, selector, &gva))
		return raise(s, VECTOR_TS, selector);
	if (!read(s, gva, &descriptor, sizeof(descriptor)))
		return false;
	unpack(descriptor, &loaded);
	if (!is_loadable(segment, loaded.rights, selector & SELECTOR_RPL, cpl))
		return raise(s, VECTOR_TS, selector);
	if (!(loaded.rights & AR_P))
		return raise(s, segment == SEG_SS ? VECTOR_SS : VECTOR_NP,
			     selector);
	if (!(loaded.rights & AR_ACCESSED)) {
		u8 type = (u8)loaded.rights | AR_ACCESSED;

		if (!write(s, gva + DESCRIPTOR_TYPE_BYTE, &type, 1))
			return false;
		loaded.rights |= AR_ACCESSED;
	}
	loaded.selector = selector;
	*reg = loaded;
	return true;
}

static bool load_segments(struct switching *s, const struct tss32 *image)
{
	static const enum segment order[] = { SEG_CS, SEG_SS, SEG_DS,
					      SEG_ES, SEG_FS, SEG_GS };
	struct task_cpu *cpu = s->cpu;
	unsigned int cpl = cpu->segment[SEG_CS].selector & SELECTOR_RPL;
	unsigned int i;

	if (!load_ldtr(s, image->ldt))
		return false;
	if (cpu->eflags & RFLAGS_VM)
		return true;
	for (i = 0; i < ARRAY_SIZE(order); i++)
		if (!load_segment(s, order[i], image->segment[order[i]], cpl))
			return false;
	if (cpu->eip > cpu->segment[SEG_CS].limit)
		return raise(s, VECTOR_GP, 0);
	return true;
}

static void set_provisional(struct task_cpu *cpu, enum segment segment,
			    u32 rights)
{
	unsigned int cpl = cpu->segment[SEG_CS].selector & SELECTOR_RPL;
	struct segment_register *reg = &cpu->segment[segment];

	reg->selector = (reg->selector & ~SELECTOR_RPL) | cpl;
	reg->base = 0;
	reg->limit = V86_LIMIT;
	reg->rights = AR_P | cpl << AR_DPL_SHIFT | AR_S | AR_WRITABLE |
		      AR_ACCESSED | AR_DB | rights;
}

/*
 * Loads the registers of the new task. Its segments get only their selectors
 * and are unusable until they are loaded. But CS and SS must be usable: the
 * delivery of a fault in between, and a VM entry, need them.
 */
static void load_registers(struct task_cpu *cpu, const struct tss32 *image)
{
	unsigned int i;

	cpu->eip = image->eip;
	cpu->eflags = (image->eflags & RFLAGS_DEFINED) | RFLAGS_FIXED;
	for (i = 0; i < ARRAY_SIZE(cpu->gpr); i++)
		cpu->gpr[i] = image->gpr[i];
	for (i = 0; i < SEG_COUNT; i++) {
		struct segment_register *reg = &cpu->segment[i];
		u16 selector = image->segment[i];

		reg->selector = selector;
		if (cpu->eflags & RFLAGS_VM)
			*reg = (struct segment_register){ selector,
							  (u64)selector << 4,
							  V86_LIMIT,
							  V86_RIGHTS };
		else
			reg->rights = AR_UNUSABLE;
	}
	if (cpu->eflags & RFLAGS_VM)
		return;
	set_provisional(cpu, SEG_CS, AR_CODE);
	set_provisional(cpu, SEG_SS, 0);
}

/* The new task's TSS, as it was found. */
struct new_task {
	struct segment_register tr; /* busy, even if its descriptor is not */
	struct tss32 image;
};

/*
 * Reads the TSS of @selector, and makes sure that the switch's own accesses
 * don't fault: every fault of theirs comes before any change.
 */
static bool find_task(struct switching *s, u16 selector, struct new_task *task)
{
	const struct segment_register *old = &s->cpu->segment[TASK_TR];
	u64 descriptor;
	u32 gva;

	if (!locate(s->cpu, selector, &gva))
		return raise(s, VECTOR_TS, selector);
	if (!read(s, gva, &descriptor, sizeof(descriptor)))
		return false;
	unpack(descriptor, &task->tr);
	task->tr.selector = selector;
	task->tr.rights |= DESCRIPTOR_BUSY;
	return read_image(s, &task->tr, &task->image) &&
	       probe(s, task->tr.base, sizeof(u32)) &&
	       probe(s, old->base,
		     task_is_32bit(old->rights) ? sizeof(struct tss32)
						: sizeof(struct tss16)) &&
	       probe(s, gva, DESCRIPTOR_SIZE);
}

/* Saves the old task, and marks both as busy or not, as @source demands. */
static bool leave_task(struct switching *s, enum task_source source,
		       struct new_task *task)
{
	bool nested = source == TASK_CALL || source == TASK_GATE;
	u16 old = s->cpu->segment[TASK_TR].selector;
	u32 eflags = s->cpu->eflags;

	if (source == TASK_IRET)
		eflags &= ~RFLAGS_NT;
	if (!nested && !set_busy(s, old, false))
		return false;
	if (!save(s, eflags))
		return false;
	if (nested && !write(s, task->tr.base, &old, sizeof(old)))
		return false;
	if (source != TASK_IRET && !set_busy(s, task->tr.selector, true))
		return false;
	/* A task may switch to itself: then the image that was saved counts. */
	if (!read_image(s, &task->tr, &task->image))
		return false;
	if (nested)
		task->image.eflags |= RFLAGS_NT;
	return true;
}

bool task_switch(struct task_cpu *cpu, u16 selector, enum task_source source,
		 struct linear *memory, task_load_cr3 *load_cr3, bool *switched,
		 bool *trap)
{
	struct switching s = { cpu, memory };
	struct new_task task;

	*switched = *trap = false;
	if (!find_task(&s, selector, &task) || !leave_task(&s, source, &task))
		return false;
	*switched = true;
	cpu->segment[TASK_TR] = task.tr;
	if (cpu->paging && task_is_32bit(task.tr.rights)) {
		cpu->cr3 = task.image.cr3;
		if (!load_cr3(memory->ctx, task.image.cr3))
			return raise(&s, VECTOR_TS, selector);
	}
	load_registers(cpu, &task.image);
	*trap = task.image.trap & TSS_TRAP;
	return load_segments(&s, &task.image);
}

bool task_push(struct task_cpu *cpu, u32 value, size_t size,
	       struct linear *memory)
{
	const struct segment_register *ss = &cpu->segment[SEG_SS];
	u32 mask = ss->rights & AR_DB ? BITS(31, 0) : BITS(15, 0);
	u32 esp = (cpu->gpr[RSP] - size) & mask;

	if (!segment_allows(ss, esp, size, true))
		return linear_raise(memory, VECTOR_SS, 0);
	if (!linear_write(memory, (u32)(ss->base + esp), &value, size))
		return false;
	cpu->gpr[RSP] = (cpu->gpr[RSP] & ~mask) | esp;
	return true;
}
