; SPDX-License-Identifier: MIT
;
; The DSDT as Umbra carries it: see firmware.h.

section .rodata
global dsdt_start
global dsdt_end

dsdt_start:
	incbin "dsdt.aml"
dsdt_end:

; No code here: no stack to be executed (host tests are linked with this, too).
section .note.GNU-stack noalloc noexec nowrite progbits
