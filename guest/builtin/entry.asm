; SPDX-License-Identifier: MIT
;
; The start of the 64-bit runtime, and the code that C can't express: the way
; from 32-bit unpaged mode to 64-bit mode, the trap stubs, the way to user mode
; and back, and the way to real mode.

%include "guest/builtin/kernel.inc"
%include "guest/builtin/frames.inc"

CR4_PAE		equ 1 << 5
CR4_OSFXSR	equ 1 << 9
MSR_EFER	equ 0xc0000080
EFER_LME	equ 1 << 8
EFER_NXE	equ 1 << 11

; All entries have A and D from the start: the guest's own memory must not
; disturb the demo's counts.
PTE_TABLE	equ 0x27		; P, W, U, A
PTE_PAGE	equ 0x63		; P, W, A, D
PTE_LARGE	equ 0xe3		; P, W, A, D, PS
PTE_U		equ 0x04
LARGE_PAGES	equ 8			; identity-mapped: 16 MiB

MB1_MAGIC	equ 0x1badb002
MB1_ADDRESSES	equ 1 << 16		; the header says where to load

STACK_SIZE	equ 8192
PAGE_SIZE	equ 4096

extern image_start, image_end, bss_end
extern user_text_start, user_text_end
extern kernel_main, trap

section .entry
bits 32
global entry32
entry32:
	jmp	start

; A multiboot 1 header, so that GRUB or QEMU can start the same binary on the
; bare machine: it shows that the checks expect the right results.
align 4
multiboot1:
	dd MB1_MAGIC
	dd MB1_ADDRESSES
	dd -(MB1_MAGIC + MB1_ADDRESSES)
	dd multiboot1
	dd image_start
	dd image_end
	dd bss_end
	dd entry32

start:
	cli
	cld
	mov	edx, eax
	mov	edi, image_end
	mov	ecx, bss_end
	sub	ecx, edi
	shr	ecx, 2
	xor	eax, eax
	rep stosd

	mov	esp, stack_top
	mov	[boot_eax], edx
	mov	[boot_ebx], ebx
	call	build_tables

	mov	eax, CR4_PAE | CR4_OSFXSR
	mov	cr4, eax
	mov	eax, boot_pml4
	mov	cr3, eax
	mov	ecx, MSR_EFER
	rdmsr
	or	eax, EFER_LME | EFER_NXE
	wrmsr
	lgdt	[gdt_pointer]
	mov	eax, cr0
	and	eax, ~CR0_EM
	or	eax, CR0_PG | CR0_WP | CR0_MP
	mov	cr0, eax
	jmp	CODE64:start64

; Maps the first 2 MiB by pages of 4 KiB, so that user mode gets only its few,
; and the memory above by pages of 2 MiB.
build_tables:
	mov	dword [boot_pml4], boot_pdpt + PTE_TABLE
	mov	dword [boot_pdpt], boot_pd + PTE_TABLE
	mov	dword [boot_pd], boot_pt + PTE_TABLE
	mov	eax, PTE_LARGE
	xor	ecx, ecx
.large:
	inc	ecx
	add	eax, 1 << 21
	mov	[boot_pd + ecx * 8], eax
	cmp	ecx, LARGE_PAGES - 1
	jb	.large

	mov	eax, PTE_PAGE
	xor	ecx, ecx
.page:
	mov	[boot_pt + ecx * 8], eax
	add	eax, PAGE_SIZE
	inc	ecx
	cmp	ecx, 512
	jb	.page

	mov	eax, user_text_start
	mov	edx, user_text_end
	call	.user
	mov	eax, user_stack
	mov	edx, user_stack_top
.user:
	mov	ecx, eax
	shr	ecx, 12
	or	dword [boot_pt + ecx * 8], PTE_U
	add	eax, PAGE_SIZE
	cmp	eax, edx
	jb	.user
	ret

bits 64
global start64:function
start64:
	FRAME frame_call, start64, load_data_segments
	FRAME_NOTE DW_CFA_undefined, DW_rip	; it has no caller
	call	load_data_segments
	mov	rsp, stack_top
	mov	edi, [boot_eax]
	mov	esi, [boot_ebx]
	call	kernel_main
	FRAME_END

global load_data_segments
load_data_segments:
	mov	eax, DATA
	mov	ds, eax
	mov	es, eax
	mov	ss, eax
	ret

; --- Traps -------------------------------------------------------------------

section .text

; Vectors that push an error code: 8, 10 to 14, 17, 21 (SDM vol. 3A, 6.13).
HAS_ERROR_CODE	equ 1 << 8 | 0x1f << 10 | 1 << 17 | 1 << 21

%macro TRAP_STUB 1
align 16
%if !((HAS_ERROR_CODE >> %1) & 1)
	FRAME_SIZE 8
	push	0
%endif
	FRAME_SIZE 16
	push	%1
	FRAME_SIZE 24
	jmp	trap_common
%endmacro

; TRAP_STUB_SIZE in trap.c
global trap_stubs
align 16
trap_stubs:
	FRAME frame_trap, trap_stubs, run_kernel
	FRAME_PUSHED cs, 0		; above RIP
	FRAME_PUSHED rflags, 8
	FRAME_PUSHED rsp, 16
	FRAME_PUSHED ss, 24
%assign vector 0
%rep 32
	TRAP_STUB vector
%assign vector vector + 1
%endrep

; struct trap_frame in kernel.h
global trap_common:function
trap_common:
	PUSH	rax
	PUSH	rcx
	PUSH	rdx
	PUSH	rsi
	PUSH	rdi
	PUSH	r8
	PUSH	r9
	PUSH	r10
	PUSH	r11
	mov	rdi, rsp
	cld
	call	trap
	POP	r11
	POP	r10
	POP	r9
	POP	r8
	POP	rdi
	POP	rsi
	POP	rdx
	POP	rcx
	POP	rax
	add	rsp, 16
	FRAME_SIZE 8
	iretq
	FRAME_END

; --- Running a function that may fault, in kernel or in user mode ------------

%macro RUN_SAVE 0
	PUSH	rbx
	PUSH	rbp
	PUSH	r12
	PUSH	r13
	PUSH	r14
	PUSH	r15
	mov	[run_rsp], rsp
	mov	rax, rdi
	mov	rdi, rsi
%endmacro

; int run_kernel(u64 (*function)(u64), u64 argument)
global run_kernel
run_kernel:
	FRAME frame_call, run_kernel, run_user
	RUN_SAVE
	call	rax
	mov	[run_value], rax
	xor	eax, eax
	jmp	run_end
	FRAME_END

; int run_user(u64 (*function)(u64), u64 argument)
global run_user
run_user:
	FRAME frame_call, run_user, .enter
	RUN_SAVE
	FRAME_END
.enter:
	push	USER_DATA
	push	user_stack_top
	push	2			; RFLAGS: bit 1 is always 1
	push	USER_CODE
	push	user_stub
	iretq

; The handler of the interrupt with which user mode ends.
global run_user_done
run_user_done:
	mov	[run_value], rax
	xor	eax, eax
	jmp	run_end

; noreturn void run_abort(void): from a trap, make run_*() return 1
global run_abort
run_abort:
	mov	eax, 1
run_end:
	mov	rsp, [run_rsp]
	pop	r15
	pop	r14
	pop	r13
	pop	r12
	pop	rbp
	pop	rbx
	ret

; Without exec, NASM writes no line numbers, which would be wrong: its description
; of a file has one range of addresses. C's part of the section makes it executable.
section .user
global user_stub:function
user_stub:
	FRAME frame_call, user_stub, .end
	FRAME_NOTE DW_CFA_undefined, DW_rip	; RUN_SAVE's stack is another one
	call	rax
	int	0x80			; VECTOR_USER_DONE in trap.c
	FRAME_END
.end:

; --- Real mode ---------------------------------------------------------------

section .text

; void leave_for_real_mode(void): enters real mode, which Umbra can't run. It
; does not return: on a machine that runs real mode it halts there.
global leave_for_real_mode
leave_for_real_mode:
	TO_UNPAGED
	and	eax, ~CR0_PE
	mov	cr0, eax
	hlt

bits 64

; --- Data ---------------------------------------------------------------------

section .data

; The descriptors have A set, so that a load of one writes nothing. trap_init()
; fills in the TSS's descriptor.
align 16
global gdt
gdt:
	dq 0
	dq 0x00af9b000000ffff		; CODE64
	dq 0x00cf93000000ffff		; DATA
	dq 0x00cf9b000000ffff		; CODE32
	dq 0x00cff3000000ffff		; USER_DATA
	dq 0x00affb000000ffff		; USER_CODE
	dq 0, 0				; SELECTOR_TSS in trap.c
gdt_end:

gdt_pointer:
	dw gdt_end - gdt - 1
	dq gdt

section .bss
boot_eax:	resd 1
boot_ebx:	resd 1
run_rsp:	resq 1
global run_value
run_value:	resq 1

section .pages nobits alloc write align=4096
global boot_pml4
boot_pml4:	resb PAGE_SIZE
boot_pdpt:	resb PAGE_SIZE
boot_pd:	resb PAGE_SIZE
boot_pt:	resb PAGE_SIZE
		resb STACK_SIZE
stack_top:
		resb PAGE_SIZE
global trap_stack_top
trap_stack_top:
user_stack:	resb PAGE_SIZE
user_stack_top:
