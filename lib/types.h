/* SPDX-License-Identifier: MIT */
/*
 * The integer types and the handful of macros that every room of the house
 * shares. Only freestanding headers are used, so the same file serves the
 * hypervisor and the tests on the host.
 */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

/*
 * Addresses, in bytes, by the space that they belong to: a guest-virtual
 * (linear) one, a guest-physical one and a host-physical one. A frame number
 * is the address divided by 4096: gfn in the guest, hfn in the host.
 */
typedef u64 gva_t;
typedef u64 gpa_t;
typedef u64 hpa_t;
typedef u64 gfn_t;
typedef u64 hfn_t;

/* No host frame: there is no RAM. */
#define HFN_NONE (~0ULL)

#define BIT(n) (1ULL << (n))
/* Bits high..low set, both included; 63 >= high >= low >= 0. */
#define BITS(high, low) ((~0ULL >> (63 - (high))) & (~0ULL << (low)))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
/* clang-format would take the minus for the sign of a cast's operand. */
/* clang-format off */
#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a) - 1))
#define ALIGN_UP(x, a) ALIGN_DOWN((x) + (a) - 1, a)
/* clang-format on */
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

#define PAGE_SHIFT 12
#define PAGE_SIZE 4096ULL
#define PAGE_MASK (~(PAGE_SIZE - 1))

#define KIB 1024ULL
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

#define NS_PER_SEC 1000000000ULL
#define NS_PER_MS 1000000ULL

#define __printf(fmt, args) __attribute__((format(printf, fmt, args)))
#define __noreturn __attribute__((noreturn))
#define __packed __attribute__((packed))
#define __cache_line __attribute__((aligned(64)))
#define __noinline __attribute__((noinline))
#define __forceinline inline __attribute__((always_inline))
#define __cold __attribute__((cold)) /* runs seldom: is made small */
/* The function with all that it calls becomes one piece of code, for speed. */
#define __flatten __attribute__((flatten))

#endif
