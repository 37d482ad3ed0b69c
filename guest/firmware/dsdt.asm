; SPDX-License-Identifier: MIT
;
; The DSDT as Umbra carries it: see firmware.h.

section .rodata
global dsdt_start
global dsdt_end

dsdt_start:
	incbin "dsdt.aml"
dsdt_end:

; The stack need not be executable (host tests are linked with this, too).
section .note.GNU-stack noalloc noexec nowrite progbits
