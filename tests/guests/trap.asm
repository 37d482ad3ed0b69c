; SPDX-License-Identifier: MIT
;
; Accesses that may fault, and the traps that end them. A trap while try() runs
; is noted in `tried`, and try() returns; any other trap is the guest's end.

%include "tests/guests/asm.inc"

extern mode, trap_unexpected, user_stack_top
MODE_LONG	equ 4			; enum mode in runtime.h

section .text
bits 32

; void try(void)
global try
try:
	pushad
	mov	[saved_esp], esp
	mov	dword [tried + try_state.trapped], 0
	mov	byte [trying], 1
	cmp	dword [tried + try_state.kind], TRY_CALL
	je	.kernel32
	cmp	dword [mode], MODE_LONG
	je	.long
	cmp	dword [tried + try_state.user], 0
	jne	.user32
.kernel32:
	call	set_ac
	mov	edi, [tried + try_state.gva]
	mov	eax, [tried + try_state.value]
	mov	ecx, [tried + try_state.kind]
	call	access_kernel32
	jmp	try_end
.user32:
	push	USER_DATA
	push	user_stack_top
	push	RFLAGS_FIXED
	call	or_ac
	push	USER_CODE32
	push	user_entry32
	mov	edi, [tried + try_state.gva]
	mov	eax, [tried + try_state.value]
	mov	ecx, [tried + try_state.kind]
	iretd
.long:
	jmp	CODE64:try_long

; EAX is the value that the access has returned. The segments may be anything.
try_end:
	mov	ecx, USER_DATA
	mov	ds, ecx
	mov	es, ecx
	mov	[tried + try_state.value], eax
try_abort:
	mov	esp, [saved_esp]
	mov	byte [trying], 0
	pushfd				; AC off again
	and	dword [esp], ~RFLAGS_AC
	popfd
	popad
	ret

set_ac:
	pushfd
	call	or_ac
	popfd
	ret

; Sets AC in the flags above the return address, if `tried` asks for it.
or_ac:
	cmp	dword [tried + try_state.ac], 0
	je	.off
	or	dword [esp + 4], RFLAGS_AC
.off:
	ret

bits 64
try_long:
	cmp	dword [tried + try_state.user], 0
	jne	.user
	push	RFLAGS_FIXED
	cmp	dword [tried + try_state.ac], 0
	je	.flags
	or	dword [rsp], RFLAGS_AC
.flags:
	popfq
	mov	rdi, [tried + try_state.gva]
	mov	eax, [tried + try_state.value]
	mov	ecx, [tried + try_state.kind]
	call	access_kernel64
	jmp	try_long_end
.user:
	push	USER_DATA
	push	user_stack_top
	push	RFLAGS_FIXED
	cmp	dword [tried + try_state.ac], 0
	je	.user_flags
	or	dword [rsp], RFLAGS_AC
.user_flags:
	push	USER_CODE64
	push	user_entry64
	mov	rdi, [tried + try_state.gva]
	mov	eax, [tried + try_state.value]
	mov	ecx, [tried + try_state.kind]
	iretq

global user_done64
user_done64:
	mov	ecx, KERNEL_DATA	; the gate has left SS null
	mov	ss, ecx
try_long_end:
	mov	[tried + try_state.value], eax
try_long_abort:
	mov	esp, [saved_esp]
	push	CODE32
	push	try_abort
	retfq

bits 32
global user_done32
user_done32:
	jmp	try_end

; The accesses: EDI or RDI is the address, ECX the kind, EAX the value. There is
; a copy for each privilege and mode of code, since the kernel may not be
; allowed to execute the user's code (SMEP).
%macro ACCESSES 3
access_%1:
	cmp	ecx, TRY_WRITE
	je	%%write
	ja	%%other
	mov	eax, [%2]
	ret
%%write:
	mov	[%2], eax
	ret
%%other:
	cmp	ecx, TRY_CR3
	je	%%cr3
	cmp	ecx, TRY_CR4
	je	%%cr4
	jmp	%2			; TRY_FETCH, TRY_CALL: code that returns
%%cr3:
	mov	cr3, %3
	ret
%%cr4:
	mov	cr4, %3
	ret
%endmacro

bits 32
ACCESSES kernel32, edi, eax
bits 64
ACCESSES kernel64, rdi, rax

section .user progbits alloc exec write align=4096
bits 32
user_entry32:
	call	access_user32
	int	VECTOR_USER_DONE
ACCESSES user32, edi, eax
bits 64
user_entry64:
	call	access_user64
	int	VECTOR_USER_DONE
ACCESSES user64, rdi, rax

; --- Traps --------------------------------------------------------------------

section .text

%macro TRAP_STUBS 2
bits %1
align 16
global trap_stubs%1
trap_stubs%1:
%assign vector 0
%rep VECTORS
align 16				; TRAP_STUB_SIZE in mode.c
%if !((HAS_ERROR_CODE >> vector) & 1)
	push	0
%endif
	push	vector
	jmp	trap%1
%assign vector vector + 1
%endrep

trap%1:
	mov	ecx, USER_DATA
	mov	ds, ecx
	mov	es, ecx
	pop	%2
	mov	[tried + try_state.vector], eax
	pop	%2
	mov	[tried + try_state.error_code], eax
	pop	%2
	mov	[tried + try_state.eip], eax
	mov	%2, cr2
	mov	[tried + try_state.cr2], %2
	mov	dword [tried + try_state.trapped], 1
	cld
%endmacro

TRAP_STUBS 64, rax
	mov	ecx, KERNEL_DATA
	mov	ss, ecx
	cmp	byte [trying], 0
	jne	try_long_abort
	push	CODE32
	push	.unexpected
	retfq
bits 32
.unexpected:
	call	trap_unexpected

TRAP_STUBS 32, eax
	cmp	byte [trying], 0
	jne	try_abort
	call	trap_unexpected

section .bss
align 8
global tried
tried:		resb try_state_size
saved_esp:	resd 1
		resd 1			; read as 64 bits, too
trying:		resb 1
