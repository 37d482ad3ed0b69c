/* SPDX-License-Identifier: MIT */
/* The interrupt controllers: see pic.h. Names are the data sheet's. */
#include "guest/devices/pic.h"

#include "lib/string.h"

#define INPUTS 8
#define CASCADE 2 /* the first chip's input for the second chip */
#define SPURIOUS 7 /* the input acknowledged for a vanished request */
#define NONE 0xff

/* These bits tell the writes to the command port apart. */
#define CMD_ICW1 BIT(4)
#define CMD_OCW3 BIT(3)
#define ICW1_ICW4 BIT(0)
#define ICW1_SINGLE BIT(1)
#define ICW2_BASE 0xf8
#define ICW4_AUTO_EOI BIT(1)
#define ICW4_NESTED BIT(4)
#define OCW2_LINE 0x07
#define OCW2_EOI BIT(5)
#define OCW2_SPECIFIC BIT(6) /* of the input that OCW2_LINE names */
#define OCW2_ROTATE BIT(7)
#define OCW3_READ_ISR BIT(0)
#define OCW3_READ BIT(1)
#define OCW3_POLL BIT(2)
#define OCW3_MASK_ON BIT(5)
#define OCW3_MASK BIT(6)
#define POLL_PENDING BIT(7)

/* The inputs that can be level-triggered: not timer, keyboard, cascade, RTC,
 * coprocessor. */
static const u8 elcr_allowed[2] = { 0xf8, 0xde };

void pic_init(struct pic *pic)
{
	memset(pic, 0, sizeof(*pic));
	for (unsigned int i = 0; i < 2; i++) {
		pic->chip[i].lowest = INPUTS - 1;
		pic->chip[i].imr = 0xff; /* quiet until it is initialised */
	}
}

/* Returns the input of the highest priority in `set`, or NONE. */
static u8 highest(const struct pic_chip *chip, u8 set)
{
	for (u8 i = 1; i <= INPUTS; i++) {
		u8 input = (chip->lowest + i) % INPUTS;

		if (set & BIT(input))
			return input;
	}
	return NONE;
}

/* Returns the rank of `input`: 0 is the highest; NONE ranks below all. */
static u8 rank(const struct pic_chip *chip, u8 input)
{
	if (input == NONE)
		return INPUTS;
	return (input - chip->lowest - 1 + INPUTS) % INPUTS;
}

/*
 * Returns the inputs in service. In special mask mode a masked one holds no
 * other back, and an EOI that names no input does not end it.
 */
static u8 in_service(const struct pic_chip *chip)
{
	return chip->isr & ~(chip->special_mask ? chip->imr : 0);
}

/* Returns the input to serve next, or NONE: the heart of the chip. */
static u8 next_input(const struct pic *pic, unsigned int which)
{
	const struct pic_chip *chip = &pic->chip[which];
	u8 requests = chip->irr & ~chip->imr;
	u8 input, served;

	/* This is the usual case, and every exit asks. */
	if (!requests)
		return NONE;
	input = highest(chip, requests);
	served = in_service(chip);
	/* The second chip may have a more urgent request than its last one. */
	if (chip->special_fully_nested && which == 0 && input == CASCADE)
		served &= ~BIT(CASCADE);
	if (rank(chip, input) < rank(chip, highest(chip, served)))
		return input;
	return NONE;
}

/* The second chip's output is the first one's input. */
static void update_cascade(struct pic *pic)
{
	struct pic_chip *first = &pic->chip[0];

	if (next_input(pic, 1) != NONE)
		first->irr |= BIT(CASCADE);
	else
		first->irr &= ~BIT(CASCADE);
}

/*
 * A request of either kind is gone when its input falls before the processor
 * has acknowledged it (data sheet, "Edge and level triggered modes").
 */
void pic_set_irq(struct pic *pic, u8 irq, bool level)
{
	struct pic_chip *chip = &pic->chip[irq / INPUTS];
	u8 bit = BIT(irq % INPUTS);

	if (!level && !((chip->lines | chip->irr) & bit))
		return;
	if (!level) {
		chip->lines &= ~bit;
		chip->irr &= ~bit;
	} else {
		if (chip->level & bit || !(chip->lines & bit))
			chip->irr |= bit;
		chip->lines |= bit;
	}
	update_cascade(pic);
}

bool pic_pending(const struct pic *pic)
{
	return next_input(pic, 0) != NONE;
}

bool pic_requested(const struct pic *pic, u8 irq)
{
	return pic->chip[irq / INPUTS].irr & BIT(irq % INPUTS);
}

bool pic_masked(const struct pic *pic, u8 irq)
{
	return pic->chip[irq / INPUTS].imr & BIT(irq % INPUTS);
}

bool pic_in_service(const struct pic *pic)
{
	return pic->chip[0].isr || pic->chip[1].isr;
}

static void end_of_interrupt(struct pic_chip *chip, u8 input, bool rotate)
{
	if (input == NONE)
		return;
	chip->isr &= ~BIT(input);
	if (rotate)
		chip->lowest = input;
}

static void serve(struct pic_chip *chip, u8 input)
{
	u8 bit = BIT(input);

	if (!(chip->level & bit && chip->lines & bit))
		chip->irr &= ~bit;
	chip->isr |= bit;
	if (chip->auto_eoi)
		end_of_interrupt(chip, input, chip->rotate_on_auto_eoi);
}

static u8 acknowledge_chip(struct pic *pic, unsigned int which)
{
	struct pic_chip *chip = &pic->chip[which];
	u8 input = next_input(pic, which);

	if (input == NONE)
		return SPURIOUS; /* and nothing is in service */
	serve(chip, input);
	return input;
}

u8 pic_acknowledge(struct pic *pic)
{
	u8 input = acknowledge_chip(pic, 0);
	u8 vector = pic->chip[0].base + input;

	if (input == CASCADE)
		vector = pic->chip[1].base + acknowledge_chip(pic, 1);
	update_cascade(pic);
	return vector;
}

u8 pic_read(struct pic *pic, unsigned int which, bool data)
{
	struct pic_chip *chip = &pic->chip[which];
	u8 input;

	if (chip->poll) {
		chip->poll = false;
		input = next_input(pic, which);
		if (input == NONE)
			return 0;
		serve(chip, input);
		update_cascade(pic);
		return POLL_PENDING | input;
	}
	if (data)
		return chip->imr;
	return chip->read_isr ? chip->isr : chip->irr;
}

static void write_icw1(struct pic_chip *chip, u8 value)
{
	u8 lines = chip->lines;
	u8 level = chip->level;

	/* Edges seen so far are forgotten; all modes go to their defaults. */
	memset(chip, 0, sizeof(*chip));
	chip->lines = lines;
	chip->level = level;
	chip->irr = lines & level;
	chip->lowest = INPUTS - 1;
	chip->icw4_follows = value & ICW1_ICW4;
	chip->single = value & ICW1_SINGLE;
	chip->next_icw = 2;
}

static void write_ocw2(struct pic_chip *chip, u8 value)
{
	bool rotate = value & OCW2_ROTATE;
	u8 line = value & OCW2_SPECIFIC ? value & OCW2_LINE
					: highest(chip, in_service(chip));

	if (value & OCW2_EOI)
		end_of_interrupt(chip, line, rotate);
	else if (!(value & OCW2_SPECIFIC))
		chip->rotate_on_auto_eoi = rotate;
	else if (rotate) /* else it is "no operation" */
		chip->lowest = line;
}

static void write_ocw3(struct pic_chip *chip, u8 value)
{
	if (value & OCW3_MASK)
		chip->special_mask = value & OCW3_MASK_ON;
	if (value & OCW3_POLL)
		chip->poll = true;
	else if (value & OCW3_READ)
		chip->read_isr = value & OCW3_READ_ISR;
}

/*
 * Writes ICW2 to ICW4. ICW3, the wiring of the chips, is ignored: on a PC there
 * is only one.
 */
static void write_icw(struct pic_chip *chip, u8 value)
{
	switch (chip->next_icw) {
	case 2:
		chip->base = value & ICW2_BASE;
		chip->next_icw = chip->single ? 4 : 3;
		break;
	case 3:
		chip->next_icw = 4;
		break;
	default:
		chip->auto_eoi = value & ICW4_AUTO_EOI;
		chip->special_fully_nested = value & ICW4_NESTED;
		chip->next_icw = 0;
		return;
	}
	if (chip->next_icw == 4 && !chip->icw4_follows)
		chip->next_icw = 0;
}

void pic_write(struct pic *pic, unsigned int which, bool data, u8 value)
{
	struct pic_chip *chip = &pic->chip[which];

	if (!data && value & CMD_ICW1)
		write_icw1(chip, value);
	else if (!data && value & CMD_OCW3)
		write_ocw3(chip, value);
	else if (!data)
		write_ocw2(chip, value);
	else if (chip->next_icw)
		write_icw(chip, value);
	else
		chip->imr = value; /* OCW1 */
	update_cascade(pic);
}

void pic_write_elcr(struct pic *pic, unsigned int which, u8 value)
{
	pic->chip[which].level = value & elcr_allowed[which];
}
