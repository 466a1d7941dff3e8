# SPDX-License-Identifier: MIT
"""Family `floor`: the controls that every other figure is shown beside."""

from kbench.catalogue.benchmark import IdleWindow, RoundTrip

STAGES = {
    "late": "planned time to the waker's write",
    "raise": "the waker's write(2)",
    "leave": "the waker goes to sleep: from there until it has called the scheduler",
    "read": "from there until read(2) has returned in the thread",
}

BENCHMARKS = (
    RoundTrip(name="floor.clock", title="two TSC stamps, nothing between them", loop="clock"),
    RoundTrip(name="floor.syscall", title="getppid(2)", loop="syscall"),
    RoundTrip(
        name="floor.get_mp_state",
        title="KVM_GET_MP_STATE: an ioctl that enters no guest",
        loop="get_mp_state",
    ),
    RoundTrip(
        name="floor.immediate_exit",
        title="KVM_RUN with immediate_exit: load and put the vCPU, no entry",
        loop="immediate_exit",
    ),
    RoundTrip(
        name="floor.guest_loop",
        title="PIO write after 100 rounds of an empty guest loop",
        guest="guest_loop",
        expect="KVM_EXIT_IO",
        rounds=100,
    ),
    IdleWindow(
        name="floor.thread_wake",
        title="eventfd write -> a thread blocked in read(2), no vCPU",
        measured_by="thread_wake",
        loops=200,
    ),
    IdleWindow(
        name="floor.pcpu",
        title="a pCPU without a vCPU, the waker asleep: how busy it is",
        measured_by="control",
        pattern="silent",
        loops=20,
    ),
    IdleWindow(
        name="floor.waker",
        title="a pCPU without a vCPU, the waker at 1,000 events a second: how busy it is",
        measured_by="control",
        pattern="poisson",
        loops=20,
    ),
)
