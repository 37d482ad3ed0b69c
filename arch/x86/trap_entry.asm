; SPDX-License-Identifier: MIT
;
; One stub for each of the 256 vectors, 16 bytes apart. A stub makes the frames
; alike (a 0 where the processor pushes no error code), adds the vector, and
; goes to the common part, which builds a struct trap_frame (arch/x86/trap.h).

bits 64
extern trap_handle
global trap_stubs
global trap_common:function (trap_common_end - trap_common)

STUB_SIZE equ 16

; The exceptions with an error code: #DF, #TS, #NP, #SS, #GP, #PF, #AC, #CP.
%define HAS_ERROR_CODE(v) \
	((v) == 8 || ((v) >= 10 && (v) <= 14) || (v) == 17 || (v) == 21)

section .text
align STUB_SIZE
trap_stubs:
%assign v 0
%rep 256
	align STUB_SIZE
  %if !HAS_ERROR_CODE(v)
	push 0
  %endif
	push v
	jmp near trap_common
  %assign v v + 1
%endrep

trap_common:
	push r15
	push r14
	push r13
	push r12
	push r11
	push r10
	push r9
	push r8
	push rdi
	push rsi
	push rbp
	push 0			; RSP's place
	push rbx
	push rdx
	push rcx
	push rax
	cld
	mov rdi, rsp
	mov rbx, rsp
	and rsp, -16		; after 23 pushes from a multiple of 16 (6.14.2)
	call trap_handle
	mov rsp, rbx
	pop rax
	pop rcx
	pop rdx
	pop rbx
	add rsp, 8
	pop rbp
	pop rsi
	pop rdi
	pop r8
	pop r9
	pop r10
	pop r11
	pop r12
	pop r13
	pop r14
	pop r15
	add rsp, 16		; the vector and the error code
	iretq
trap_common_end:
