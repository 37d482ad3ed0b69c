/* SPDX-License-Identifier: MIT */
/*
 * mmbench [PHASE...]: the costs of memory for a Linux guest's processes. Each
 * phase does one kind of operation many times and prints a line for programs
 * (tools/bench): "work: PHASE, ops N ticks N", the sum over all operations in
 * ticks of the time-stamp counter. With Umbra's option "counters" the line also
 * has Umbra's counts.
 *
 * Linked statically: the same file runs on the bare machine, under Umbra and
 * under KVM. Kernels decide about THP, so the phases forbid it.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>
#include <cpuid.h>

#include "guest/hypercall.h"

#define PAGE 4096UL
#define MAP_PAGES 256
#define PROTECT_SIZE (4 * MIB)
#define COW_SIZE (16 * MIB)
#define TMPFS_SIZE (4 * MIB)
#define STACK_SIZE (64 * KIB)
/* Microseconds for a host to count its exits at a line of output. */
#define PAUSE 100000
/* A program that ends at once (end.asm). */
#define END_PROGRAM "/bin/mmbench-end"

static char *region; /* the phase's memory, used once */
static int tmpfs_file;

static void must(int good, const char *what)
{
	if (good)
		return;
	perror(what);
	printf("work: failed: %s\n", what);
	exit(1);
}

/* Memory that no large page maps, filled by the first touch. */
static char *map(size_t size)
{
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(memory != MAP_FAILED, "mmap");
	/* A kernel without THP refuses, and has none to forbid. */
	madvise(memory, size, MADV_NOHUGEPAGE);
	return memory;
}

static void touch(char *memory, size_t size)
{
	for (size_t i = 0; i < size; i += PAGE)
		*(volatile char *)(memory + i) = 1;
}

static void unmap(char *memory, size_t size)
{
	must(munmap(memory, size) == 0, "munmap");
}

static void wait_for(pid_t child)
{
	int status;

	must(child > 0 && waitpid(child, &status, 0) == child &&
		     WIFEXITED(status) && WEXITSTATUS(status) == 0,
	     "child");
}

/* --- The phases: each does @rounds of its operation -------------------------*/

/* @third may be NULL. */
static void fork_and_run(const char *path, const char *name, const char *second,
			 const char *third)
{
	pid_t child = fork();

	if (child == 0) {
		execl(path, name, second, third, NULL);
		_exit(1);
	}
	wait_for(child);
}

static void fork_exec(unsigned int rounds)
{
	while (rounds--)
		fork_and_run(END_PROGRAM, END_PROGRAM, NULL, NULL);
}

static void fork_exit(unsigned int rounds)
{
	while (rounds--) {
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		wait_for(child);
	}
}

static void map_touch_unmap(unsigned int rounds)
{
	while (rounds--) {
		char *memory = map(MAP_PAGES * PAGE);

		touch(memory, MAP_PAGES * PAGE);
		unmap(memory, MAP_PAGES * PAGE);
	}
}

static void protect(char *memory, size_t size, unsigned int rounds)
{
	while (rounds--) {
		must(mprotect(memory, size, PROT_READ) == 0, "mprotect");
		must(mprotect(memory, size, PROT_READ | PROT_WRITE) == 0,
		     "mprotect");
		touch(memory, size);
	}
}

static void protect_many(unsigned int rounds)
{
	protect(region, PROTECT_SIZE, rounds);
}

/* In the middle of a region, which it splits and joins again. */
static void protect_one(unsigned int rounds)
{
	protect(region + PAGE, PAGE, rounds);
}

static void copy_on_write(unsigned int rounds)
{
	while (rounds--) {
		pid_t child = fork();

		if (child == 0) {
			touch(region, COW_SIZE);
			_exit(0);
		}
		wait_for(child);
	}
}

/* A byte goes to a child and comes back: two switches a round. */
static void pipe_switch(unsigned int rounds)
{
	int there[2], back[2];
	char byte = 0;
	pid_t child;

	must(pipe(there) == 0 && pipe(back) == 0, "pipe");
	child = fork();
	if (child == 0) {
		while (rounds--)
			if (read(there[0], &byte, 1) != 1 ||
			    write(back[1], &byte, 1) != 1)
				_exit(1);
		_exit(0);
	}
	while (rounds--)
		must(write(there[1], &byte, 1) == 1 &&
			     read(back[0], &byte, 1) == 1,
		     "pipe");
	wait_for(child);
	for (unsigned int i = 0; i < 2; i++) {
		close(there[i]);
		close(back[i]);
	}
}

static void get_parent(unsigned int rounds)
{
	while (rounds--)
		syscall(SYS_getppid);
}

static void read_file(unsigned int rounds)
{
	while (rounds--) {
		char *memory = mmap(NULL, TMPFS_SIZE, PROT_READ, MAP_SHARED,
				    tmpfs_file, 0);

		must(memory != MAP_FAILED, "mmap");
		for (size_t i = 0; i < TMPFS_SIZE; i += PAGE)
			*(volatile char *)(memory + i);
		unmap(memory, TMPFS_SIZE);
	}
}

/* It is the shell's last command, so the shell does not fork again. */
static void shell(unsigned int rounds)
{
	while (rounds--)
		fork_and_run("/bin/sh", "sh", "-c", "/bin/true");
}

static void *do_nothing(void *unused)
{
	return unused;
}

/* Each has a stack of its own, which is not kept for the next. */
static void thread(unsigned int rounds)
{
	while (rounds--) {
		char *stack = map(STACK_SIZE);
		pthread_attr_t attributes;
		pthread_t id;

		must(pthread_attr_init(&attributes) == 0 &&
			     pthread_attr_setstack(&attributes, stack,
						   STACK_SIZE) == 0 &&
			     pthread_create(&id, &attributes, do_nothing,
					    NULL) == 0 &&
			     pthread_join(id, NULL) == 0,
		     "thread");
		unmap(stack, STACK_SIZE);
	}
}

static const struct phase {
	const char *name;
	void (*run)(unsigned int rounds);
	unsigned int rounds;
	unsigned int ops; /* in each round: processes, pages, switches */
	size_t region; /* of memory that exists before, or 0 */
} phases[] = {
	{ "fork-exec-wait", fork_exec, 100, 1, 0 },
	{ "fork-exit", fork_exit, 100, 1, 0 },
	{ "map-touch-unmap-page", map_touch_unmap, 16, MAP_PAGES, 0 },
	{ "mprotect-4M-page", protect_many, 8, PROTECT_SIZE / PAGE,
	  PROTECT_SIZE },
	{ "mprotect-one-page", protect_one, 300, 1, 3 * PAGE },
	{ "fork-cow-16M-page", copy_on_write, 2, COW_SIZE / PAGE, COW_SIZE },
	{ "pipe-switch", pipe_switch, 1000, 2, 0 },
	{ "getppid", get_parent, 5000, 1, 0 },
	{ "tmpfs-read-page", read_file, 8, TMPFS_SIZE / PAGE, 0 },
	{ "sh-command", shell, 25, 1, 0 },
	{ "thread", thread, 200, 1, 0 },
};

/* --- Umbra's counters --------------------------------------------------------*/

#define HYPERVISOR_LEAF 0x40000000
#define SIGNATURE_EBX 0x72626d55 /* "Umbr" */
#define COUNTER(name)                                                          \
	{                                                                      \
#name, offsetof(struct hypercall_counters, name)               \
	}

static const struct {
	const char *name;
	size_t offset;
} shown_counters[] = {
	COUNTER(exits),	   COUNTER(exits_timer), COUNTER(exits_page_fault),
	COUNTER(walks),	   COUNTER(root_ticks),	 COUNTER(vmreads),
	COUNTER(vmwrites),
};

static int counters_shown(void)
{
	unsigned int eax, ebx, ecx, edx;

	__cpuid(HYPERVISOR_LEAF, eax, ebx, ecx, edx);
	return eax == CPUID_COUNTERS && ebx == SIGNATURE_EBX;
}

static u64 read_counter(size_t i)
{
	unsigned int eax, ebx, ecx, edx;

	__cpuid_count(CPUID_COUNTERS, shown_counters[i].offset / sizeof(u64),
		      eax, ebx, ecx, edx);
	return (u64)edx << 32 | eax;
}

static void read_counters(u64 value[])
{
	for (size_t i = 0; i < ARRAY_SIZE(shown_counters); i++)
		value[i] = read_counter(i);
}

static void print_counters(const u64 before[], const u64 after[])
{
	for (size_t i = 0; i < ARRAY_SIZE(shown_counters); i++)
		printf(" %s %lu", shown_counters[i].name, after[i] - before[i]);
}

/* One round before the measured ones prepares the state for all of them. */
static void measure(const struct phase *phase)
{
	u64 before[ARRAY_SIZE(shown_counters)];
	u64 after[ARRAY_SIZE(shown_counters)];
	int shown = counters_shown();
	u64 start, ticks;

	region = phase->region ? map(phase->region) : NULL;
	touch(region, phase->region);
	phase->run(1);
	printf("work: %s begins\n", phase->name);
	usleep(PAUSE);
	if (shown)
		read_counters(before);
	start = __rdtsc();
	phase->run(phase->rounds);
	ticks = __rdtsc() - start;
	if (shown)
		read_counters(after);
	printf("work: %s, ops %u ticks %lu", phase->name,
	       phase->rounds * phase->ops, ticks);
	if (shown)
		print_counters(before, after);
	putchar('\n');
	usleep(PAUSE);
	if (region)
		unmap(region, phase->region);
}

/* A memfd is a file on tmpfs. */
static int make_file(void)
{
	static const char page[PAGE];
	int file = memfd_create("mmbench", 0);

	must(file >= 0, "memfd_create");
	for (size_t i = 0; i < TMPFS_SIZE; i += PAGE)
		must(write(file, page, PAGE) == PAGE, "write");
	return file;
}

static int is_wanted(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return 1;
	return argc < 2;
}

int main(int argc, char **argv)
{
	tmpfs_file = make_file();
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < ARRAY_SIZE(phases); i++)
		if (is_wanted(phases[i].name, argc, argv))
			measure(&phases[i]);
	/* The line that tools/run takes for the end where no Umbra announces
	 * it. */
	puts("guest: exit, status 0");
	return 0;
}
