/* SPDX-License-Identifier: MIT */
/*
 * The C library's memory and string functions that Umbra uses, under their
 * own names and with their own meaning (C11, 7.24): the compiler calls some
 * of them by itself, and the tests on the host use the library's.
 */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include <stddef.h>

void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);

size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);

#endif
