/* SPDX-License-Identifier: MIT */
/*
 * A plugin of QEMU's TCG: which instructions the lab executes, by number.
 *
 * Each instruction that begins has the next number, from 1; the plugin changes nothing that
 * runs. The agent's first message has the counts of a benchmark's first window: when it is
 * sent, the plugin ends QEMU. Its arguments are file descriptors, NAME=FD:
 *
 *   stamps  written: struct stamp, each reading of the TSC in user mode or in a nested guest,
 *           each halt, and the end
 *   spans   read: pairs of numbers (8 bytes each) in rising order; what has a number from the
 *           first to before the second is traced
 *   insns   written: struct insn, each instruction of the trace once
 *   trace   written: 4 bytes each, the index in `insns` of what began
 *   stack   written: struct access, where a call wrote and a return read its address
 */
#define _GNU_SOURCE
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "instructions.h"
#include "qemu_plugin.h"

struct stamp {
	uint64_t number, address;
	uint32_t kind, nested;
};
_Static_assert(sizeof(struct stamp) == 24, "as trace.py reads it");

struct access {
	uint64_t index, address;
};

enum { USER_END = 47 };

static FILE *stamps, *spans, *insns, *trace, *stack;
static uint64_t number, traced, span[2];
static uint64_t back;	/* where the host goes on after VMRUN; not 0: the nested guest runs */
static uint64_t sent = UINT64_MAX;	/* where the agent goes on when it has sent a message */
static uint32_t places;

static void stamp(uint32_t kind, uint64_t address)
{
	struct stamp entry = { number, address, kind, back != 0 };

	fwrite(&entry, sizeof(entry), 1, stamps);
}

static void close_files(void)
{
	stamp(END, 0);
	fclose(stamps);
	if (spans) {
		fclose(insns);
		fclose(trace);
		fclose(stack);
	}
}

/* As isa-debug-exit does when the agent has written 0. */
static void finish(void)
{
	close_files();
	_exit(1);
}

static void note(const struct insn *insn)
{
	bool user = !(insn->address >> USER_END);

	switch (insn->kind) {
	case RDTSC:
	case RDTSCP:
		if (user)
			stamp(insn->kind, insn->address);
		break;
	case HALT:
		stamp(HALT, insn->address);
		break;
	case SENDING:	/* begins once for each byte */
		if (user && !back)
			sent = insn->address + insn->length;
		break;
	case VMRUN:
		back = insn->address + insn->length;
		break;
	}
}

static void keep(struct insn *insn)
{
	uint32_t index;

	if (!insn->place) {
		insn->place = ++places;
		insn->nested = back != 0;
		fwrite(insn, sizeof(*insn), 1, insns);
	}
	index = insn->place - 1;
	fwrite(&index, sizeof(index), 1, trace);
	traced++;
}

static void next_span(void)
{
	if (fread(span, sizeof(span), 1, spans) != 1)
		span[0] = span[1] = UINT64_MAX;
}

static void executed(unsigned int cpu, void *data)
{
	struct insn *insn = data;

	(void)cpu;
	number++;
	if (insn->address == back)
		back = 0;
	if (insn->address == sent)
		finish();
	while (number >= span[1] && span[1] != UINT64_MAX)
		next_span();
	if (number >= span[0])
		keep(insn);
	if (insn->kind != PLAIN)
		note(insn);
}

static void accessed(unsigned int cpu, uint32_t info, uint64_t address, void *data)
{
	struct access entry = { traced - 1, address };

	(void)cpu, (void)info, (void)data;
	if (number >= span[0] && number < span[1] && !back)
		fwrite(&entry, sizeof(entry), 1, stack);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t count = qemu_plugin_tb_n_insns(tb);

	(void)id;
	for (size_t n = 0; n < count; n++) {
		struct qemu_plugin_insn *each = qemu_plugin_tb_get_insn(tb, n);
		struct insn insn = { .address = qemu_plugin_insn_vaddr(each),
				     .length = qemu_plugin_insn_size(each) };
		struct insn *kept;

		copy_insn_data(each, insn.bytes, insn.length);
		insn.kind = kind_of(insn.bytes);
		kept = lookup(&insn);
		qemu_plugin_register_vcpu_insn_exec_cb(each, executed, NO_REGISTERS, kept);
		if (spans && (insn.kind == CALL || insn.kind == RETURN))
			/* 7.2 takes a reader's for a writer's; a call reads its target first. */
			qemu_plugin_register_vcpu_mem_cb(each, accessed, NO_REGISTERS,
							 READ_OR_WRITE, kept);
	}
}

static void end(qemu_plugin_id_t id, void *data)
{
	(void)id, (void)data;
	close_files();
}

static bool opened(const char *argument)
{
	static const struct {
		const char *name, *mode;
		FILE **file;
	} files[] = {
		{ "stamps=", "wb", &stamps }, { "spans=", "rb", &spans }, { "insns=", "wb", &insns },
		{ "trace=", "wb", &trace },   { "stack=", "wb", &stack },
	};

	for (size_t n = 0; n < sizeof(files) / sizeof(*files); n++) {
		size_t length = strlen(files[n].name);

		if (!strncmp(argument, files[n].name, length)) {
			*files[n].file = fdopen(atoi(argument + length), files[n].mode);
			return *files[n].file != NULL;
		}
	}
	return false;
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
	if (!is_known(info)) {
		fprintf(stderr, "kbench: QEMU's plugin interface is %d to %d, not %d\n",
			info->version.min, info->version.cur, qemu_plugin_version);
		return 1;
	}
	for (int n = 0; n < argc; n++)
		if (!opened(argv[n])) {
			fprintf(stderr, "kbench: the plugin cannot use %s\n", argv[n]);
			return 1;
		}
	if (!stamps || (spans && !(insns && trace && stack)))
		return 1;
	if (spans)
		next_span();
	else
		span[0] = span[1] = UINT64_MAX;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, end, NULL);
	return 0;
}
