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
 *
 * Debian ships no qemu-plugin.h: the declarations below are what is used of the interface, as
 * docs/devel/tcg-plugins describes it. Version 1 is QEMU 7.2's; since version 3 (QEMU 9.1)
 * qemu_plugin_insn_data() copies, and nothing else of this differs.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef struct {
	const char *target_name;
	struct {
		int min, cur;
	} version;
} qemu_info_t;	/* its first members */
typedef void tb_callback(qemu_plugin_id_t, struct qemu_plugin_tb *);
typedef void insn_callback(unsigned int, void *);
typedef void mem_callback(unsigned int, uint32_t, uint64_t, void *);
typedef void end_callback(qemu_plugin_id_t, void *);
enum { NO_REGISTERS };
enum { READ_OR_WRITE = 3 };
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, tb_callback);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *, insn_callback, int, void *);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *, mem_callback, int, int, void *);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t, end_callback, void *);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *);

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = 1;

/* Stamps have a kind from RDTSC to END; kbench/explain/trace.py has the same numbers. */
enum { PLAIN, RDTSC, RDTSCP, HALT, END, SENDING, CALL, RETURN, VMRUN };

struct stamp {
	uint64_t number, address;
	uint32_t kind, nested;
};

struct insn {
	uint64_t address;
	uint8_t length, nested, kind, bytes[15];
	uint8_t spare[2];
	uint32_t place;	/* its index + 1; 0 before it is traced */
};
_Static_assert(sizeof(struct stamp) == 24 && sizeof(struct insn) == 32, "as trace.py reads them");

struct access {
	uint64_t index, address;
};

enum { LONGEST = 15, USER_END = 47 };

static const void *insn_data;
static FILE *stamps, *spans, *insns, *trace, *stack;
static uint64_t number, traced, span[2];
static uint64_t back;	/* where the host goes on after VMRUN; not 0: the nested guest runs */
static uint64_t sent = UINT64_MAX;	/* where the agent goes on when it has sent a message */
static uint32_t places;

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

/* All instructions that were ever translated, by address and bytes: a hash table. */
enum { SLOTS = 1 << 22 };
static struct insn **table;

static struct insn *lookup(const struct insn *wanted)
{
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

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t count = qemu_plugin_tb_n_insns(tb);

	(void)id;
	for (size_t n = 0; n < count; n++) {
		struct qemu_plugin_insn *each = qemu_plugin_tb_get_insn(tb, n);
		struct insn insn = { .address = qemu_plugin_insn_vaddr(each),
				     .length = qemu_plugin_insn_size(each) };
		struct insn *kept;

		if (qemu_plugin_version < 3)
			memcpy(insn.bytes, ((const void *(*)(void *))insn_data)(each), insn.length);
		else
			((size_t (*)(void *, void *, size_t))insn_data)(each, insn.bytes, insn.length);
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

/* QEMU reads qemu_plugin_version when it has loaded this: the newest that both know. */
__attribute__((constructor)) static void choose_version(void)
{
	insn_data = dlsym(RTLD_DEFAULT, "qemu_plugin_insn_data");
	/* It came with version 3. */
	if (dlsym(RTLD_DEFAULT, "qemu_plugin_register_vcpu_tb_exec_cond_cb"))
		qemu_plugin_version = 3;
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
	if (qemu_plugin_version < info->version.min || qemu_plugin_version > info->version.cur ||
	    !insn_data) {
		fprintf(stderr, "kbench: QEMU's plugin interface is %d to %d, not %d\n",
			info->version.min, info->version.cur, qemu_plugin_version);
		return 1;
	}
	for (int n = 0; n < argc; n++)
		if (!opened(argv[n])) {
			fprintf(stderr, "kbench: the plugin cannot use %s\n", argv[n]);
			return 1;
		}
	table = calloc(SLOTS, sizeof(*table));
	if (!table || !stamps || (spans && !(insns && trace && stack)))
		return 1;
	if (spans)
		next_span();
	else
		span[0] = span[1] = UINT64_MAX;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, end, NULL);
	return 0;
}
