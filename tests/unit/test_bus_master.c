/* SPDX-License-Identifier: MIT */
/* Stray bus masters, with bus_master.c included, on a made-up PCI. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/bus_master.h"
#include "arch/x86/cpu.h"

#define MULTI 0x80

/* The functions on the buses: a function's number, and its registers. */
struct fake_function {
	u32 number;
	u16 command, status;
	u8 class_code, subclass, header_type;
};

#define AT(bus, device, function) ((bus) << 8 | (device) << 3 | (function))

static const struct fake_function machine[] = {
	{ AT(0, 0, 0), 6, 0x90, 0x06, 0x00, 0 }, /* a host bridge */
	{ AT(0, 2, 0), 7, 0x90, 0x03, 0x00, 0 }, /* a VGA */
	{ AT(0, 0x1d, 0), 7, 0x90, 0x0c, 0x03, MULTI }, /* USB */
	{ AT(0, 0x1d, 7), 7, 0x90, 0x0c, 0x05, 0 }, /* SMBus, with holes */
	{ AT(0, 0x1e, 0), 7, 0x90, 0x06, 0x04, 1 }, /* a bridge to bus 3 */
	{ AT(3, 0, 0), 7, 0x290, 0x02, 0x00, 0 }, /* a network card */
	{ AT(3, 0, 1), 7, 0x290, 0x02, 0x00, 0 }, /* of one function: no card */
	{ AT(3, 1, 0), 3, 0x290, 0x01, 0x06, 0 }, /* SATA, no bus master */
	{ AT(0x80, 5, 3), 7, 0x90, 0x07, 0x80, 0 }, /* function 0 is missing */
	{ AT(0xff, 0x1f, 0), 7, 0x90, 0x01, 0x08, MULTI }, /* on another root */
};

static struct fake_function present[ARRAY_SIZE(machine)];
static u32 address;

static struct fake_function *find_function(u32 number)
{
	for (size_t i = 0; i < ARRAY_SIZE(present); i++)
		if (present[i].number == number)
			return &present[i];
	return NULL;
}

static void fake_outl(u16 port, u32 value)
{
	assert_int_equal(port, 0xcf8);
	assert_int_equal(value & 0xff000003, 0x80000000);
	address = value & 0xffffff;
}

static u32 fake_inl(u16 port)
{
	const struct fake_function *f = find_function(address >> 8);

	assert_int_equal(port, 0xcfc);
	if (!f)
		return ~0U;
	switch (address & 0xff) {
	case 0:
		return 0x12348086;
	case 4:
		return (u32)f->status << 16 | f->command;
	case 8:
		return (u32)f->class_code << 24 | (u32)f->subclass << 16;
	case 0xc:
		return (u32)f->header_type << 16;
	default:
		fail_msg("register %x is read", address & 0xff);
		return 0;
	}
}

static void fake_outw(u16 port, u16 value)
{
	assert_int_equal(port, 0xcfc);
	assert_int_equal(address & 0xff, 4);
	find_function(address >> 8)->command = value;
}

#define outl fake_outl
#define inl fake_inl
#define outw fake_outw

#include "arch/x86/pci.c"
#include "arch/x86/bus_master.c"

static int setup(void **state)
{
	memcpy(present, machine, sizeof(present));
	return 0;
}

static void assert_stopped(const u32 *numbers, size_t count)
{
	for (size_t i = 0; i < ARRAY_SIZE(present); i++) {
		u16 command = machine[i].command;

		for (size_t j = 0; j < count; j++)
			if (numbers[j] == present[i].number)
				command &= ~4;
		assert_int_equal(present[i].command, command);
	}
}

static void on_bios(void **state)
{
	static const u32 stopped[] = { AT(0, 0x1d, 7), AT(3, 0, 0),
				       AT(0xff, 0x1f, 0) };

	assert_int_equal(bus_masters_stop(false), ARRAY_SIZE(stopped));
	assert_stopped(stopped, ARRAY_SIZE(stopped));
	assert_int_equal(bus_masters_stop(false), 0);
}

/* UEFI's drivers are gone, also those of USB. */
static void on_uefi(void **state)
{
	static const u32 stopped[] = { AT(0, 0x1d, 0), AT(0, 0x1d, 7),
				       AT(3, 0, 0), AT(0xff, 0x1f, 0) };

	assert_int_equal(bus_masters_stop(true), ARRAY_SIZE(stopped));
	assert_stopped(stopped, ARRAY_SIZE(stopped));
}

/* A bridge is told by its class or by its header. */
static void bridges(void **state)
{
	struct pci_function f = { .command = 4, .class_code = 0x01 };

	assert_true(bus_master_is_stray(&f, true));
	f.header_type = 1;
	assert_false(bus_master_is_stray(&f, true));
	f.header_type = 2;
	assert_false(bus_master_is_stray(&f, true));
	f.header_type = 0;
	f.class_code = 0x06;
	assert_false(bus_master_is_stray(&f, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(on_bios, setup),
		cmocka_unit_test_setup(on_uefi, setup),
		cmocka_unit_test(bridges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
