// SPDX-License-Identifier: GPL-2.0-only
/*
 * What ends a halt, and what KVM_GET_MP_STATE says of it
 *
 * A halted vCPU with a pending event is RUNNABLE only once KVM_RUN has looked: a pending
 * signal makes it look, immediate_exit does not. An INIT makes an AP wait for its SIPI, and
 * a PV kick is seen without KVM_RUN.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "kvm_util.h"
#include "processor.h"
#include "test_util.h"

#include "kselftest.h"

/* MSI to APIC ID 1, and what it delivers (SDM vol. 3, 11.11). */
#define TO_AP		0xfee01000u
#define NMI		0x00000400u
#define INIT		0x00004500u
#define SIPI		0x00004608u
/* KVM's own use of "remote read": KVM_HC_KICK_CPU. */
#define PV_KICK		0x00000300u

static struct kvm_vm *vm;
static struct kvm_vcpu *ap;

static void guest_code(void)
{
	for (;;)
		asm volatile("sti; hlt");
}

static void on_signal(int number)
{
}

static void send(unsigned int data)
{
	struct kvm_msi msi = { .address_lo = TO_AP, .data = data };
	int delivered = __vm_ioctl(vm, KVM_SIGNAL_MSI, &msi);

	TEST_ASSERT(delivered == 1, "KVM_SIGNAL_MSI: expected 1, got %d", delivered);
}

static int state(void)
{
	struct kvm_mp_state found;

	vcpu_mp_state_get(ap, &found);
	return found.mp_state;
}

/* A fresh VM whose AP is halted. */
static void begin(void)
{
	struct kvm_mp_state halted = { .mp_state = KVM_MP_STATE_HALTED };
	struct kvm_lapic_state lapic;
	struct kvm_vcpu *vcpus[2];

	vm = vm_create_with_vcpus(2, guest_code, vcpus);
	ap = vcpus[1];
	/* A new vCPU receives interrupts once its local APIC has been written to. */
	vcpu_ioctl(ap, KVM_GET_LAPIC, &lapic);
	vcpu_ioctl(ap, KVM_SET_LAPIC, &lapic);
	vcpu_mp_state_set(ap, &halted);
}

static void end(const char *what, bool right)
{
	kvm_vm_free(vm);
	ksft_test_result(right, "%s\n", what);
}

/* KVM_RUN that must return EINTR before the guest runs. */
static bool interrupted(void)
{
	return __vcpu_run(ap) == -1 && errno == EINTR;
}

static bool run_with_immediate_exit(void)
{
	bool right;

	ap->run->immediate_exit = 1;
	right = interrupted();
	ap->run->immediate_exit = 0;
	return right;
}

/* The signal is pending before KVM_RUN, which alone unblocks it. */
static bool run_with_signal(void)
{
	union {
		struct kvm_signal_mask mask;
		char bytes[sizeof(struct kvm_signal_mask) + 8];
	} none = { .mask.len = 8 };
	sigset_t blocked;
	bool right;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &blocked, NULL);
	/* The size of its number is that of the structure without the set. */
	TEST_ASSERT(!ioctl(ap->fd, KVM_SET_SIGNAL_MASK, &none), "KVM_SET_SIGNAL_MASK: %s",
		    strerror(errno));
	pthread_kill(pthread_self(), SIGUSR1);
	right = interrupted();
	pthread_sigmask(SIG_UNBLOCK, &blocked, NULL);
	return right;
}

static void test_signal_without_an_event(void)
{
	begin();
	end("a signal leaves a halted vCPU halted",
	    run_with_signal() && state() == KVM_MP_STATE_HALTED);
}

static void test_signal_with_an_event(void)
{
	begin();
	send(NMI);
	end("a signal makes KVM_RUN see a pending NMI",
	    state() == KVM_MP_STATE_HALTED && run_with_signal() &&
	    state() == KVM_MP_STATE_RUNNABLE);
}

static void test_immediate_exit_with_an_event(void)
{
	begin();
	send(NMI);
	end("immediate_exit leaves the vCPU halted with a pending NMI",
	    run_with_immediate_exit() && state() == KVM_MP_STATE_HALTED);
}

static void test_pv_kick(void)
{
	begin();
	send(PV_KICK);
	end("a PV kick is seen without KVM_RUN", state() == KVM_MP_STATE_RUNNABLE);
}

static void test_init(void)
{
	begin();
	send(INIT);
	end("an INIT makes a halted AP wait for its SIPI",
	    run_with_signal() && state() == KVM_MP_STATE_INIT_RECEIVED);
}

static void test_init_ignores_an_nmi(void)
{
	begin();
	send(INIT);
	run_with_signal();
	send(NMI);
	end("an NMI does not end the wait for a SIPI",
	    run_with_signal() && state() == KVM_MP_STATE_INIT_RECEIVED);
}

static void test_sipi(void)
{
	struct kvm_sregs sregs;
	int found;

	begin();
	send(INIT);
	run_with_signal();
	send(SIPI);
	found = state();
	vcpu_sregs_get(ap, &sregs);
	end("a SIPI starts the AP at its vector",
	    found == KVM_MP_STATE_RUNNABLE && sregs.cs.selector == (SIPI & 0xff) << 8);
}

int main(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	TEST_REQUIRE(kvm_has_cap(KVM_CAP_MP_STATE));
	TEST_REQUIRE(kvm_has_cap(KVM_CAP_SIGNAL_MSI));
	sigaction(SIGUSR1, &action, NULL);

	ksft_print_header();
	ksft_set_plan(7);
	test_signal_without_an_event();
	test_signal_with_an_event();
	test_immediate_exit_with_an_event();
	test_pv_kick();
	test_init();
	test_init_ignores_an_nmi();
	test_sipi();
	ksft_finished();
	return 0;
}
