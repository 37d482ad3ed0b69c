; SPDX-License-Identifier: MIT
;
; The built-in guest as Umbra carries it: see builtin.h.

section .rodata
global builtin_blob_start
global builtin_blob_end

align 16
builtin_blob_start:
	incbin "guest.bin"
builtin_blob_end:
