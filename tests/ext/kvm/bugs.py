# SPDX-License-Identifier: MIT
"""The bugs that a review found in the extension, each put back into a copy of its sources.

A bug names the selftest that was written for it, and what that says then: test_bugs.py shows
that no test passes without its fix.
"""

from dataclasses import dataclass, field

from ext.kvm.pretend import Change

from ext.kvm import pretend

OWN = "arch/x86/kvm/kbench"
EVENTS, SWITCH, RUN, WAKEUPS, POLL, MONITOR = (
    f"{OWN}/{name}.c"
    for name in ("events", "switch", "run", "wakeups", "vcpu_poll", "mwait_monitor")
)
POSTED = "(kb->ipiv || (kb->vtd && kbench_has_device(vcpu->kvm)))"
ENCRYPTED = "(kb->encrypted || vcpu->arch.guest_state_protected)"
SLEEP = "\n\t\t\tkbench_sleep"
UNBLOCK = "kvm_test_request(KVM_REQ_UNBLOCK, vcpu)"


@dataclass(frozen=True)
class Bug:
    """`change` puts it back; `test` (SUITE.NAME of inside/) then fails with the pattern `says`.

    `beside`: what the suite pretends of the hardware.
    """

    change: Change
    test: str
    says: str
    beside: Change = field(default_factory=dict)


# By its number in the review, and what is wrong.
BUGS = {
    "1: Hyper-V timers are no events": Bug(
        {(EVENTS, " kvm_hv_has_stimer_pending(vcpu) ||"): ""},
        "event_table.test_Hyper-V_timer_direct",
        "poll lost; eventfd lost; byte lost",
    ),
    "1: asynchronous page faults are no events": Bug(
        {(EVENTS, "!list_empty_careful(&vcpu->async_pf.done) || "): ""},
        "event_table.test_asynchronous_page_fault",
        "poll lost; eventfd lost; byte lost",
    ),
    "1: posted interrupts are not refused": Bug(
        {(SWITCH, POSTED): f"(false && {POSTED})"},
        "refusals.test_posted_interrupts_refuse_those_that_tell_of_events",
        "errno: expected 95, got 0",
        pretend.REFUSALS,
    ),
    "1: a deadline set outside KVM_RUN is the hypervisor timer's": Bug(
        {(SWITCH, "kbench_enabled(vcpu, KBENCH_EVENTS) ||"): "false ||"},
        "sw_timer.test_deadline_set_outside_is_told",
        "poll after the deadline: expected True, got False",
        pretend.TIMERS,
    ),
    "2: KVM_REQ_UNBLOCK is an event": Bug(
        {
            (EVENTS, "return !list_empty_careful"): f"return {UNBLOCK} || !list_empty_careful",
            (WAKEUPS, "waits && kbench_event_due(vcpu)"): (
                f"waits && (kbench_event_due(vcpu) || {UNBLOCK})"
            ),
        },
        "userspace_exits.test_masked_timer_is_no_livelock",
        "100 rounds for a timer that is masked",
    ),
    "3: INIT makes a halted vCPU runnable": Bug(
        {(EVENTS, "if (test_bit(KVM_APIC_INIT, &pending))"): "if (false)"},
        "event_table.test_INIT",
        "INIT, halted: blocks; poll early",
    ),
    "3: INIT turns the byte to RUNNABLE": Bug(
        {(EVENTS, "if (test_bit(KVM_APIC_INIT, &pending))"): "if (false)"},
        "run_mp_state.test_init_and_sipi_of_a_halted_processor",
        "after INIT: expected 130, got 128",
    ),
    "4: a native MWAIT with the hypervisor timer": Bug(
        {(SWITCH, "(kbench_enabled(vcpu, KBENCH_ENTRY) &&"): "(false &&"},
        "sw_timer.test_timer_ends_a_native_mwait",
        "the timer has not fired",
        pretend.TIMERS,
    ),
    "5: a step while the CPU delivers interrupts": Bug(
        {(pretend.ENTRY, "kb->step == KBENCH_STEP_WANTED && svm_kbench_delivers(svm)"): "false"},
        "delivery.test_no_step",
        "expected 3, got 5",
        pretend.DELIVERY,
    ),
    "6: switching patches kernel text": Bug(
        {(SWITCH, "static_branch_slow_dec_deferred(key);"): "static_branch_dec(&key->key);"},
        "switching.test_switching_patches_no_text",
        r"expected less than \d+ instructions, got \d+",
    ),
    "7: an eventfd signalled inside another's wake-up": Bug(
        {(POLL, "if (preemptible())"): "if (true)"},
        "vcpu_poll.test_eventfd_for_a_paused_vcpu",
        "the eventfd was not signalled",
    ),
    "8: an administrator's nice 19 is undone": Bug(
        {(f"{OWN}/mwait_lowprio.c", "KBENCH_LOW_NICE (MAX_NICE - 1)"): "KBENCH_LOW_NICE MAX_NICE"},
        "mwait_lowprio.test_an_administrators_nice_stays",
        "nice: expected 19, got 0",
    ),
    "9: encrypted guests may monitor": Bug(
        {(SWITCH, ENCRYPTED): "false"},
        "refusals.test_encrypted_guests_refuse_monitor",
        "errno: expected 95, got 0",
        pretend.REFUSALS,
    ),
    "9: MWAIT sleeps without a bound": Bug(
        {(MONITOR, "READ_ONCE(kb->monitor.track) ? NSEC_PER_MSEC : 0"): "NSEC_PER_SEC / 10"},
        "mwait_monitor.test_bound_of_its_own",
        r"expected 1 ms, got 10\d\.",
    ),
    "9: a write kicks a vCPU that is in HLT": Bug(
        {(MONITOR, "if (READ_ONCE(kb->monitor.waiting))"): "if (true)"},
        "mwait_monitor.test_write_leaves_a_halted_vcpu_alone",
        r"expected \d+, got \d+",
    ),
    "10: KVM_RUN takes unknown values": Bug(
        {(RUN, "!kbench_bytes_known(vcpu, kb->enabled)"): "!kbench_bytes_known(vcpu, 0)"},
        "switching.test_unknown_values_are_refused_at_the_entry",
        "errno: expected 22, got 0",
    ),
    "10: KVM_RUN takes a mode of a mechanism that is off": Bug(
        {(RUN, "!kbench_bytes_known(vcpu, kb->enabled)"): "!kbench_bytes_known(vcpu, 0)"},
        "switching.test_a_mode_of_a_mechanism_that_is_off_is_refused",
        "errno: expected 22, got 0",
    ),
    "10: unknown bits can be enabled": Bug(
        {(SWITCH, " || wanted & ~(u64)(KBENCH_MECHANISMS & KBENCH_SWITCHED)"): ""},
        "switching.test_unknown_capability_bits_are_refused",
        "bit 0x100000 was accepted",
    ),
    "10: an exit that nobody has enabled": Bug(
        {(f"{OWN}/userspace_exits.h", "kbench_enabled(vcpu, KVM_KBENCH_USERSPACE_EXITS) &&"): ""},
        "switching.test_bytes_are_padding_while_all_is_off",
        r"exit reason: expected 2, got \d+",
    ),
    "10: a way of MWAIT that nobody has enabled": Bug(
        {
            (f"{OWN}/mwait.c", f"if (kbench_enabled(vcpu, KVM_KBENCH_MWAIT_YIELD)){SLEEP}"): (
                f"if (true){SLEEP}"
            )
        },
        "switching.test_bytes_are_padding_while_all_is_off",
        r"an MWAIT took 2\d{6} ns",
    ),
}
# In the live module's files.
UNCOUNTED: Change = {
    ("kvm_kbench_live.c", "probe->nmissed + (other < 0 ? returns[i].nmissed : 0)"): "0"
}
UNWRAPPED: Change = {
    ("fops.c", "operations.compat_ioctl = live_compat_ioctl;"): "(void)live_compat_ioctl;"
}
