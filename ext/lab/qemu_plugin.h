/* SPDX-License-Identifier: MIT */
/*
 * What is used of QEMU's interface for plugins, as docs/devel/tcg-plugins describes it: Debian
 * ships no qemu-plugin.h. Version 1 is QEMU 7.2's; since version 3 (QEMU 9.1)
 * qemu_plugin_insn_data() copies, and nothing else of this differs.
 */
#ifndef KBENCH_QEMU_PLUGIN_H
#define KBENCH_QEMU_PLUGIN_H

#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

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

static const void *insn_data;

/* QEMU reads qemu_plugin_version when it has loaded this: the newest that both know. */
__attribute__((constructor)) static void choose_version(void)
{
	insn_data = dlsym(RTLD_DEFAULT, "qemu_plugin_insn_data");
	/* It came with version 3. */
	if (dlsym(RTLD_DEFAULT, "qemu_plugin_register_vcpu_tb_exec_cond_cb"))
		qemu_plugin_version = 3;
}

static bool is_known(const qemu_info_t *info)
{
	return insn_data && qemu_plugin_version >= info->version.min &&
	       qemu_plugin_version <= info->version.cur;
}

static void copy_insn_data(struct qemu_plugin_insn *insn, void *bytes, size_t length)
{
	if (qemu_plugin_version < 3)
		memcpy(bytes, ((const void *(*)(void *))insn_data)(insn), length);
	else
		((size_t (*)(void *, void *, size_t))insn_data)(insn, bytes, length);
}

#endif
