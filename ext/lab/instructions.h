/* SPDX-License-Identifier: MIT */
/* The instructions that QEMU has translated, by address and bytes, and what each of them does. */
#ifndef KBENCH_INSTRUCTIONS_H
#define KBENCH_INSTRUCTIONS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Stamps have a kind from RDTSC to END; kbench/explain/trace.py has the same numbers. */
enum { PLAIN, RDTSC, RDTSCP, HALT, END, SENDING, CALL, RETURN, VMRUN };
enum { LONGEST = 15 };

struct insn {
	uint64_t address;
	uint8_t length, nested, kind, bytes[LONGEST];
	uint8_t spare[2];
	uint32_t place;	/* its index + 1; 0 before it is traced */
};
_Static_assert(sizeof(struct insn) == 32, "as trace.py reads it");

static int kind_of(const uint8_t *bytes)
{
	if (bytes[0] == 0x0f && bytes[1] == 0x31)
		return RDTSC;
	if (bytes[0] == 0x0f && bytes[1] == 0x01)
		return bytes[2] == 0xf9 ? RDTSCP : bytes[2] == 0xd8 ? VMRUN :
		       bytes[2] == 0xc9 ? HALT : PLAIN;	/* MWAIT halts, too */
	if (bytes[0] == 0xf4)
		return HALT;
	if (bytes[0] == 0xf3 && bytes[1] == 0x6e)
		return SENDING;
	/* REX, and prefixes: CS pads an indirect call that was one through a retpoline. */
	while ((*bytes >= 0x40 && *bytes <= 0x4f) || memchr("\x2e\x3e\x66\x67\xf2\xf3", *bytes, 6))
		bytes++;
	if (*bytes == 0xc3 || *bytes == 0xc2)
		return RETURN;
	if (*bytes == 0xe8 || (*bytes == 0xff && (bytes[1] >> 3 & 7) == 2))
		return CALL;
	return PLAIN;
}

/* All instructions that were ever translated, by address and bytes: a hash table. */
enum { SLOTS = 1 << 22 };

static struct insn *lookup(const struct insn *wanted)
{
	static struct insn *table[SLOTS];
	static size_t used;
	size_t at = wanted->address * 0x9e3779b97f4a7c15 >> 42;

	for (; table[at % SLOTS]; at++) {
		struct insn *old = table[at % SLOTS];

		if (old->address == wanted->address && old->length == wanted->length &&
		    !memcmp(old->bytes, wanted->bytes, LONGEST))
			return old;
	}
	table[at % SLOTS] = malloc(sizeof(*wanted));
	if (++used == SLOTS / 2 || !table[at % SLOTS]) {
		fputs("kbench: too many instructions for the plugin\n", stderr);
		exit(1);
	}
	*table[at % SLOTS] = *wanted;
	return table[at % SLOTS];
}

#endif
