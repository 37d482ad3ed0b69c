; SPDX-License-Identifier: MIT
;
; The accesses that the checks try, and a visit to the unpaged state.

%include "guest/builtin/kernel.inc"

extern load_data_segments

; u64 access_*(u64 gva), once for each mode: the kernel may not be allowed to
; execute the user's code (SMEP). A write stores the value that is there.
%macro ACCESSES 1
global access_read_%1
access_read_%1:
	mov	rax, [rdi]
	ret
global access_write_%1
access_write_%1:
	lock or qword [rdi], 0
	ret
global access_fetch_%1
access_fetch_%1:
	jmp	rdi			; at a RET
%endmacro

section .user exec
ACCESSES user

section .text
ACCESSES kernel

; void unpaged_visit(struct unpaged_visit *visit): see check.h
global unpaged_visit
unpaged_visit:
	push	rbx
	push	rbp
	push	r12
	push	r13
	push	r14
	push	r15
	TO_UNPAGED

	mov	esi, [edi]
	mov	eax, [esi]
	mov	[edi + 8], eax
	mov	esi, [edi + 16]
	mov	eax, [edi + 24]
	mov	[esi], eax
	mov	eax, [edi + 28]
	mov	[esi + 4], eax

	mov	eax, cr0
	or	eax, CR0_PG
	mov	cr0, eax
	jmp	CODE64:.back

bits 64
.back:
	mov	esp, esp		; the upper half is undefined by now
	pop	r15
	pop	r14
	pop	r13
	pop	r12
	pop	rbp
	pop	rbx
	ret
