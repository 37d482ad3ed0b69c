/* SPDX-License-Identifier: MIT */
/* PCI's configuration space: a host bridge, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "guest/devices/pci.h"

static u32 read_register(u32 address)
{
	struct pci pci = { 0 };
	u32 value = 0;

	pci_write_address(&pci, address);
	for (unsigned int lane = 0; lane < 4; lane++)
		value |= (u32)pci_read_data(&pci, lane) << (8 * lane);
	return value;
}

static void host_bridge(void **state)
{
	assert_int_equal(read_register(0x80000000), 0x12378086);
	assert_int_equal(read_register(0x80000004), 0x02000006);
	assert_int_equal(read_register(0x80000008), 0x06000002);
	/* One function, header type 0, no BARs, no interrupt. */
	for (u32 at = 0x0c; at < 0x100; at += 4)
		assert_int_equal(read_register(0x80000000 | at), 0);
}

static void nothing_else(void **state)
{
	for (u32 function = 1; function < 0x10000; function++)
		assert_int_equal(read_register(0x80000000 | function << 8),
				 0xffffffff);
	assert_int_equal(read_register(0), 0xffffffff); /* not enabled */
}

/* The reserved bits read as zeros: that is how kernels find the mechanism. */
static void address(void **state)
{
	struct pci pci = { 0 };

	pci_write_address(&pci, 0xffffffff);
	assert_int_equal(pci.address, 0x80fffffc);
	pci_write_address(&pci, 0x80000000);
	assert_int_equal(pci.address, 0x80000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_bridge),
		cmocka_unit_test(nothing_else),
		cmocka_unit_test(address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
