; SPDX-License-Identifier: MIT
;
; The smallest domain 0 for Xen: a paravirtual kernel, which Xen runs in user
; mode on page tables of its own making. It prints a line and switches the
; machine off. (Xen's public headers: elfnote.h, xen.h, sched.h)

HYPERCALL_CONSOLE_IO equ 18
HYPERCALL_SCHED_OP equ 29
HYPERCALL_SIZE equ 32		; of each hypercall's stub in the page
CONSOLE_IO_WRITE equ 0
SCHED_OP_SHUTDOWN equ 2
SHUTDOWN_POWEROFF equ 0

NOTE_ENTRY equ 1
NOTE_HYPERCALL_PAGE equ 2
NOTE_VIRT_BASE equ 3
NOTE_XEN_VERSION equ 5
NOTE_GUEST_OS equ 6
NOTE_LOADER equ 8

; A note of the type %1: its descriptor are the bytes up to note_end.
%macro note 1
	dd 4, %%end - %%start, %1
	db "Xen", 0
%%start:
  %define note_end %%end: align 4, db 0
%endmacro

section .note.Xen note alloc noexec nowrite align=4
	note NOTE_ENTRY
	dq dom0
	note_end
	note NOTE_HYPERCALL_PAGE
	dq hypercall_page
	note_end
	note NOTE_VIRT_BASE
	dq 0
	note_end
	note NOTE_XEN_VERSION
	db "xen-3.0", 0
	note_end
	note NOTE_GUEST_OS
	db "umbra-test", 0
	note_end
	note NOTE_LOADER
	db "generic", 0
	note_end

section .text
bits 64
global dom0:function (dom0_end - dom0)
align 4096
hypercall_page:			; Xen fills this page
	times 4096 db 0

dom0:
	mov edi, CONSOLE_IO_WRITE
	mov esi, text_end - text
	mov edx, text
	call hypercall_page + HYPERCALL_CONSOLE_IO * HYPERCALL_SIZE
	mov edi, SCHED_OP_SHUTDOWN
	mov esi, reason
	call hypercall_page + HYPERCALL_SCHED_OP * HYPERCALL_SIZE
	ud2
dom0_end:

section .rodata
reason:
	dd SHUTDOWN_POWEROFF
text:
	db "dom0 is in its kernel", 10
text_end:
