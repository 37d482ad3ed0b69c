/* SPDX-License-Identifier: MIT */
/*
 * The clock is read through an index and a data port. Bit 7 of the index port
 * masks NMI; it is left clear, so that NMIs stay possible.
 */
#include "arch/x86/cpu.h"
#include "arch/x86/rtc.h"

#define PORT_RTC_INDEX 0x70
#define PORT_RTC_DATA 0x71
#define RTC_REGISTER_D 0x0d

static u8 read_raw(u8 index)
{
	outb(PORT_RTC_INDEX, index);
	return inb(PORT_RTC_DATA);
}

bool rtc_read_register(u8 index, u8 *value)
{
	u8 found;

	if (index >= RTC_REGISTERS)
		return false;
	found = read_raw(index);
	/*
	 * All ones may be a value, but not of register D, if there is a clock.
	 */
	if (found == 0xff && read_raw(RTC_REGISTER_D) == 0xff)
		return false;
	/* Later accesses by firmware expect the index to rest on D. */
	outb(PORT_RTC_INDEX, RTC_REGISTER_D);
	*value = found;
	return true;
}
