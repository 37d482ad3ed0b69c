# SPDX-License-Identifier: MIT
"""The kinds of files that Umbra boots, told by their first bytes."""

# Multiboot2 Specification 2.0, 3.1: where the header is, and how it begins.
MB2_SEARCH, MB2_MAGIC = 32768, b"\xd6\x50\x52\xe8"
# Linux, Documentation/x86/boot.rst: a bzImage's header.
BZIMAGE_MAGIC_AT, BZIMAGE_MAGIC = 0x202, b"HdrS"
# A boot sector's last bytes; ECMA-119, 8.1.2: a CD's volume descriptor.
BOOT_SIGNATURE_AT, BOOT_SIGNATURE = 510, b"\x55\xaa"
CD_MAGIC_AT, CD_MAGIC = 0x8001, b"CD001"
# Number of bytes that tell the kind.
HEAD = CD_MAGIC_AT + len(CD_MAGIC)

# Files that people take for a kernel: (offset, bytes, a name for it).
NO_KERNELS = (
    (0, b"\x1f\x8b", "a gzip file: unpack it first"),
    (0, b"\xfd7zXZ", "an xz file: unpack it first"),
    (0, b"\x28\xb5\x2f\xfd", "a zstd file: unpack it first"),
    (0, b"070701", "a cpio archive: give it by --initrd"),
    (0, b"!<arch>", "an archive or a Debian package: unpack it first"),
    (0, b"#!", "a script"),
    (CD_MAGIC_AT, CD_MAGIC, "an ISO image: give it by --image"),
)


def read_head(path):
    with open(path, "rb") as file:
        return file.read(HEAD)


def is_linux(head):
    """True for a bzImage."""
    return head[BZIMAGE_MAGIC_AT:].startswith(BZIMAGE_MAGIC)


def is_multiboot2(head):
    return MB2_MAGIC in (head[i:i + 4] for i in range(0, MB2_SEARCH, 8))


def is_image(head):
    """True for an image of a CD or a disk."""
    return (head[CD_MAGIC_AT:].startswith(CD_MAGIC)
            or head[BOOT_SIGNATURE_AT:].startswith(BOOT_SIGNATURE))


def why_no_kernel(head):
    """Returns why the file can't be a kernel; None if it may be one."""
    return next((name for at, magic, name in NO_KERNELS
                 if head[at:].startswith(magic)), None)
