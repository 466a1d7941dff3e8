// SPDX-License-Identifier: GPL-2.0-only
/*
 * M1, M2, M8 and, on SVM, M3 for an unmodified kvm.ko: probes in the place of the
 * hooks. For experiments: it needs only linux-headers, but each probe costs.
 *
 * A probe's handler may not sleep, and knows less than KVM's own code:
 * - HLT exits are taken where HLT is emulated.
 * - M2 is done on the way out of KVM_RUN (fops.c).
 * - M3 and M8 need no switching on, and poll() knows no masked interrupts.
 */
#define pr_fmt(format) KBUILD_MODNAME ": " format

#include <linux/module.h>
#include "kvm_kbench_live.h"

struct saved { unsigned long argument; };

static int save_first(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	((struct saved *)instance->data)->argument = regs->di;
	return 0;
}

static int save_second(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	((struct saved *)instance->data)->argument = regs->si;
	return 0;
}

static struct kvm_vcpu *saved_vcpu(struct kretprobe_instance *instance)
{
	return (struct kvm_vcpu *)((struct saved *)instance->data)->argument;
}

/* An interrupt that came while the guest had them off has no request any more. */
static int (*has_interrupt)(struct kvm_vcpu *vcpu);
static unsigned long (*rflags)(struct kvm_vcpu *vcpu);

/* kvm_emulate_mwait(): > 0 would enter the guest again. */
static int mwait_return(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	struct kvm_vcpu *vcpu = saved_vcpu(instance);
	bool exit = kbench_byte(vcpu, KVM_RUN_KBENCH_EXITS) & KVM_KBENCH_EXIT_MWAIT;

	/* A pending exception is the #UD of a refused MWAIT. */
	if ((int)regs->ax <= 0 || vcpu->arch.exception.pending ||
	    (!exit && (!kbench_byte(vcpu, KVM_RUN_KBENCH_MWAIT) || has_interrupt(vcpu))))
		return 0;
	vcpu->run->exit_reason = KVM_EXIT_KBENCH_MWAIT;
	regs->ax = 0;
	return 0;
}

static int halt_return(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	struct kvm_vcpu *vcpu = saved_vcpu(instance);

	if ((int)regs->ax <= 0 || vcpu->arch.mp_state != KVM_MP_STATE_HALTED ||
	    !(kbench_byte(vcpu, KVM_RUN_KBENCH_EXITS) & KVM_KBENCH_EXIT_HLT) ||
	    (has_interrupt(vcpu) && rflags(vcpu) & X86_EFLAGS_IF))
		return 0;
	vcpu->run->exit_reason = KVM_EXIT_HLT;
	regs->ax = 0;
	return 0;
}

static bool svm;

u32 live_mechanisms(void)
{
	return KVM_KBENCH_USERSPACE_EXITS | KVM_KBENCH_MWAIT_YIELD | KVM_KBENCH_VCPU_POLL |
	       (svm ? KVM_KBENCH_ENTRY_INTERCEPTS : 0);
}

static int extension_return(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	if (((struct saved *)instance->data)->argument == KVM_CAP_KBENCH)
		regs->ax = live_mechanisms();
	return 0;
}

#define RETURN(name, save, function)						\
	{ .kp.symbol_name = name, .entry_handler = save, .handler = function,	\
	  .data_size = sizeof(struct saved) }

static struct kretprobe returns[] = {
	RETURN("kvm_emulate_mwait", save_first, mwait_return),
	RETURN("kvm_emulate_halt", save_first, halt_return),
	RETURN("kvm_vm_ioctl_check_extension", save_second, extension_return),
};

/* kvm_vcpu_kick() has kvm_vcpu_wake_up() inlined: both are probed. */
static struct kprobe entries[] = {
	{ .symbol_name = "anon_inode_getfd", .pre_handler = live_getfd },
	{ .symbol_name = "kvm_vcpu_kick", .pre_handler = live_wake },
	{ .symbol_name = "kvm_vcpu_wake_up", .pre_handler = live_wake },
};

static struct kprobe entry = {
	.symbol_name = "svm_prepare_switch_to_guest", .pre_handler = live_svm_entry
};

static int returns_on, entries_on;

/*
 * How often probes were not run: for want of an instance, or because an interrupt came inside
 * another probe. An exit, a wake-up or a vCPU's file that the module has not seen.
 */
static unsigned long probes_missed(bool tell)
{
	unsigned long sum = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(returns) + ARRAY_SIZE(entries) + 1; i++) {
		int other = i - ARRAY_SIZE(returns);
		struct kprobe *probe = other < 0 ? &returns[i].kp :
				       other < ARRAY_SIZE(entries) ? &entries[other] : &entry;
		unsigned long missed = probe->nmissed + (other < 0 ? returns[i].nmissed : 0);

		if (tell && missed)
			pr_warn("%s: %lu missed, results are void\n", probe->symbol_name, missed);
		sum += missed;
	}
	return sum;
}

static int missed_get(char *buffer, const struct kernel_param *parameter)
{
	return sysfs_emit(buffer, "%lu\n", probes_missed(false));
}

static const struct kernel_param_ops missed_ops = { .get = missed_get };
module_param_cb(missed, &missed_ops, NULL, 0444);
MODULE_PARM_DESC(missed, "how often a probe was missed: not 0 means that results are void");

static void remove_probes(void)
{
	if (svm)
		unregister_kprobe(&entry);
	while (entries_on)
		unregister_kprobe(&entries[--entries_on]);
	while (returns_on)
		unregister_kretprobe(&returns[--returns_on]);
}

static void put_symbols(void)
{
	if (has_interrupt)
		symbol_put(kvm_cpu_has_interrupt);
	if (rflags)
		symbol_put(kvm_get_rflags);
}

static int __init live_init(void)
{
	int r;

	/* Also keeps kvm.ko loaded, which the vCPU files call into. */
	has_interrupt = symbol_get(kvm_cpu_has_interrupt);
	rflags = symbol_get(kvm_get_rflags);
	if (!has_interrupt || !rflags) {
		put_symbols();
		return -ENODEV;
	}
	live_fops_init();
	for (; returns_on < ARRAY_SIZE(returns); returns_on++) {
		/* Preemptible functions: more instances than CPUs may be on their way. */
		returns[returns_on].maxactive = 4 * num_possible_cpus() + 16;
		r = register_kretprobe(&returns[returns_on]);
		if (r)
			goto fail;
	}
	for (; entries_on < ARRAY_SIZE(entries); entries_on++) {
		r = register_kprobe(&entries[entries_on]);
		if (r)
			goto fail;
	}
	/* Not there without kvm-amd: M3 is missing then. */
	svm = !register_kprobe(&entry);
	return 0;
fail:
	pr_err("cannot probe KVM: %d\n", r);
	remove_probes();
	put_symbols();
	return r;
}

/* A vCPU's file holds the module: nothing of it is in use any more. */
static void __exit live_exit(void)
{
	probes_missed(true);
	remove_probes();
	put_symbols();
}

module_init(live_init);
module_exit(live_exit);
MODULE_DESCRIPTION("kbench: KVM idle mechanisms on an unmodified KVM");
MODULE_LICENSE("GPL");
MODULE_SOFTDEP("pre: kvm");
