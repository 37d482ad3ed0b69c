; SPDX-License-Identifier: MIT
;
; The test guests' entry, and the ways between their modes. All C code is
; 32-bit: with 4-level paging it runs in compatibility mode, and functions with
; 64-bit addresses run 64-bit code for a moment.

%include "tests/guests/asm.inc"

section .multiboot
align 4
	dd MB1_MAGIC
	dd MB1_MEMORY
	dd -(MB1_MAGIC + MB1_MEMORY)

bits 32
extern runtime_main
section .text
global start
start:
	cli
	cld
	mov	esp, stack_top
	lgdt	[gdt_pointer]
	jmp	CODE32:.segments
.segments:
	mov	ecx, KERNEL_DATA
	mov	ss, ecx
	mov	ecx, USER_DATA		; good for both privileges
	mov	ds, ecx
	mov	es, ecx
	mov	fs, ecx
	mov	gs, ecx
	mov	edx, cr0		; SSE and x87 are there (SDM vol. 3A, 13.1)
	and	edx, ~(CR0_EM | CR0_TS)
	or	edx, CR0_MP | CR0_NE
	mov	cr0, edx
	fninit
	push	ebx
	push	eax
	call	runtime_main

; void mode_load(u32 cr3, u32 cr4, u32 efer): from the unpaged state
global mode_load
mode_load:
	mov	eax, [esp + 8]
	mov	cr4, eax
	mov	eax, [esp + 4]
	mov	cr3, eax
	mov	eax, [esp + 12]
	xor	edx, edx
	mov	ecx, MSR_EFER
	wrmsr
	mov	eax, cr0
	or	eax, CR0_PG | CR0_WP
	mov	cr0, eax
	ret

; void mode_unload(void): to the unpaged state; the code is identity-mapped
global mode_unload
mode_unload:
	mov	eax, cr0
	and	eax, ~CR0_PG
	mov	cr0, eax
	xor	eax, eax
	xor	edx, edx
	mov	ecx, MSR_EFER
	wrmsr
	mov	cr4, eax
	ret

; void load_tables(const void *idt_pointer, u32 tss_selector)
global load_tables
load_tables:
	mov	eax, [esp + 4]
	lidt	[eax]
	mov	eax, [esp + 8]
	and	byte [gdt + eax + 5], ~2	; no longer busy
	ltr	ax
	ret

; void invlpg(u64 gva)
global invlpg
invlpg:
	mov	eax, [esp + 4]
	cmp	dword [esp + 8], 0
	jne	.long
	invlpg	[eax]
	ret
.long:
	jmp	CODE64:.long64
bits 64
.long64:
	mov	rax, [rsp + 4]
	invlpg	[rax]
	push	CODE32
	push	.back
	retfq
bits 32
.back:
	ret

section .data
align 16
global gdt
gdt:
	dq 0
	dq 0x00cf9b000000ffff		; CODE32
	dq 0x00cf93000000ffff		; KERNEL_DATA
	dq 0x00af9b000000ffff		; CODE64
	dq 0x00cffb000000ffff		; USER_CODE32
	dq 0x00cff3000000ffff		; USER_DATA
	dq 0x00affb000000ffff		; USER_CODE64
	dq 0				; TSS32: mode.c fills it in
	dq 0, 0				; TSS64
	dq 0				; for chaos_ops.c
gdt_end:
gdt_pointer:
	dw gdt_end - gdt - 1
	dd gdt

section .bss
align 16
	resb STACK_SIZE
stack_top:
	resb STACK_SIZE
global trap_stack_top
trap_stack_top:
