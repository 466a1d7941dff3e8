# SPDX-License-Identifier: MIT
"""The extension's tests, run in the lab: a subtest here for each of a variant's messages."""

import re
import shutil
from pathlib import Path

import pytest

from ext.kvm import debug, events, lab, pretend
from kbench.kernels import debian, find, packages
from kbench.kernels.tree import build
from kbench.kmod import hooks, live, sources, variants

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="QEMU is not installed"),
    pytest.mark.skipif(shutil.which("spatch") is None, reason="coccinelle is not installed"),
    pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed"),
]
# The default kernel is part of `make test`, everything else of `make test-kvm`.
KERNELS = ["6.1", pytest.param("6.12", marks=pytest.mark.test_kvm)]
# Built of Debian's source: its own build takes a compiler that older releases do not have.
NEWEST = "debian:newest,tiny"
# Taint bits of Documentation/admin-guide/tainted-kernels.rst: out of tree, unsigned.
EXPECTED_TAINT = 1 << 12 | 1 << 13
# Instructions that a PIO exit may have more than on stock KVM while every mechanism is off.
OFF_MOST = {"6.1": 3, "6.12": 6}
# Of each race, and a limit of wall time that only a machine under load comes near.
DEBUG_ROUNDS, DEBUG_SECONDS = 100, 1800.0
# The mechanisms alone that test-kvm has; make test-variants has the others.
SAMPLE = {("userspace_exits", "6.12"), ("mwait_yield", "6.1"), ("run_mp_state", "6.12")}
# What each suite of inside/ pretends.
PRETENDED = {
    "refusals": pretend.REFUSALS,
    "sw_timer": pretend.TIMERS,
    "delivery": pretend.DELIVERY,
    "mwait_monitor": pretend.EMULATED,
}
# What the live module does as the hooked build does; the others it says it does not.
LIVE = (
    "quirk",
    "costs.test",
    "exits.test_hlt",
    "exits.test_halted",
    "exits.test_mwait",
    "exits.test_race_with_the_timer",
    "mwait_yield",
    "every_entry",
    "halted_vcpu_becomes",
    "race_poll",
    "race_epoll",
)


@pytest.fixture
def kept(pytestconfig: pytest.Config) -> pytest.Cache:
    """What earlier runs said: pytest --cache-clear forgets it."""
    assert pytestconfig.cache is not None
    return pytestconfig.cache


def check(messages: lab.Messages, wanted: set[str], subtests: pytest.Subtests) -> None:
    """Every test passed, the tests of `wanted` suites ran, the kernel has nothing to say."""
    for name, message in messages.items():
        with subtests.test(name):
            assert not message["result"], message["result"]
            if reason := message.get("skipped"):
                pytest.skip(reason)
    ran = {name.split(".")[0] for name in messages if "." in name}
    assert wanted <= ran, f"expected {wanted}, ran {ran}"
    assert messages["taint"]["taint"] & ~EXPECTED_TAINT == 0, messages["taint"]


def suites(variant: str) -> set[str]:
    return {mechanism.name for mechanism in variants.variant(variant).mechanisms}


SINGLE = [
    pytest.param(
        name,
        kernel,
        marks=pytest.mark.test_kvm if (name, kernel) in SAMPLE else pytest.mark.test_variants,
    )
    for name in sorted(suites("all"))
    for kernel in ("6.1", "6.12")
]


@pytest.mark.parametrize("kernel", [*KERNELS, pytest.param(NEWEST, marks=pytest.mark.test_kernels)])
def test_all(kernel: str, tmp_path: Path, kept: pytest.Cache, subtests: pytest.Subtests) -> None:
    messages = lab.run(kernel, lab.built(kernel, "all"), tmp_path, kept=kept)
    check(messages, {"quirk", "interactions", "races", *suites("all")}, subtests)
    assert messages["capability"]["bits"] == variants.variant("all").bits


@pytest.mark.test_kvm
def test_hooks_land_in_the_newest_kernel(tmp_path: Path) -> None:
    """Its source is 167 MB: what fetches it are make test-kernels and `kbench kvm hooks`."""
    release = debian.recorded("newest")
    if release is None or not packages.buildable(release):
        pytest.skip("the source of debian:newest is not in the cache")
    code = packages.kernel("newest", print).code(print)
    code.extract(sources.PARTS, tmp_path)
    assert [str(one) for one in hooks.landings(tmp_path) if one.missed] == []


@pytest.mark.parametrize("kernel", KERNELS)
def test_published_table(kernel: str, tmp_path: Path, kept: pytest.Cache) -> None:
    """ext/kvm/README.md says what is measured; `table.py events` puts it there anew."""
    messages = lab.run(kernel, lab.built(kernel, "all"), tmp_path, kept=kept)
    skipped = events.skipped(messages)
    assert events.published(skipped) == events.markdown(messages)
    assert {name for name in skipped if "Xen" not in name} == set()
    assert bool(skipped) == (kernel == "6.1"), "Debian's 6.1 alone has no CONFIG_KVM_XEN"


@pytest.mark.parametrize("kernel", KERNELS)
def test_stock_ways(kernel: str, tmp_path: Path, kept: pytest.Cache) -> None:
    """Stock KVM's own ways see as much without the extension."""
    found = [
        events.stock_part(lab.run(kernel, lab.built(kernel, variant), tmp_path, kept=kept))
        for variant in ("stock", "all")
    ]
    assert found[0] == found[1]


@pytest.mark.parametrize("kernel", KERNELS)
def test_cost_while_off(kernel: str, tmp_path: Path, kept: pytest.Cache) -> None:
    stock, off = (
        lab.run(kernel, lab.built(kernel, variant), tmp_path, kept=kept)["costs.test_costs"]["pio"]
        for variant in ("stock", "all")
    )
    assert off - stock <= OFF_MOST[kernel], f"{off - stock:+} instructions on a PIO exit"


@pytest.mark.parametrize("kernel", KERNELS)
def test_rfc_as_posted(
    kernel: str, tmp_path: Path, kept: pytest.Cache, subtests: pytest.Subtests
) -> None:
    messages = lab.run(kernel, lab.built(kernel, "rfc-v1"), tmp_path, kept=kept)
    check(messages, {"rfc_v1", "quirk"}, subtests)


@pytest.mark.parametrize("kernel", KERNELS)
def test_quirk_on_stock(
    kernel: str, tmp_path: Path, kept: pytest.Cache, subtests: pytest.Subtests
) -> None:
    messages = lab.run(kernel, lab.built(kernel, "stock"), tmp_path, kept=kept)
    check(messages, {"quirk", "shadow"}, subtests)
    assert messages["capability"]["bits"] == 0


@pytest.mark.parametrize(("variant", "kernel"), SINGLE)
def test_single_mechanism(
    variant: str, kernel: str, tmp_path: Path, kept: pytest.Cache, subtests: pytest.Subtests
) -> None:
    """A mechanism needs none of the others."""
    messages = lab.run(kernel, lab.built(kernel, variant), tmp_path, kept=kept)
    check(messages, {"quirk", "interactions", "races", variant}, subtests)
    assert messages["capability"]["bits"] == variants.variant(variant).bits


@pytest.mark.test_kvm
@pytest.mark.skipif(
    not build.has_packaged(debug.DEBIAN, debug.BASE),
    reason="the debug kernel is not built: make debug-kernel (20 minutes on two loaded CPUs)",
)
@pytest.mark.timeout(2 * DEBUG_SECONDS)  # modules are built for that kernel before
def test_races_on_a_debug_kernel(tmp_path: Path, subtests: pytest.Subtests) -> None:
    """Four CPUs at once, lockdep and KASAN: no splat, no wake-up lost, in a short sample."""
    kernel = build.packaged(debug.DEBIAN, debug.BASE, print)
    messages = debug.run(kernel, "all", tmp_path, DEBUG_ROUNDS, debug.RACES, DEBUG_SECONDS)
    check(messages, {"races", *suites("all")} - {"mwait_step", "entry_intercepts"}, subtests)


@pytest.mark.test_kvm
def test_nested_off(tmp_path: Path, kept: pytest.Cache, subtests: pytest.Subtests) -> None:
    """kvm-amd's own default is on."""
    messages = lab.run("6.1", lab.built("6.1", "all"), tmp_path, parameters="nested=0", kept=kept)
    check(messages, {"interactions", *suites("all")}, subtests)


@pytest.mark.test_kvm
@pytest.mark.parametrize("kernel", ["6.1", "6.12"])
@pytest.mark.parametrize("suite", sorted(PRETENDED))
def test_hardware_that_the_lab_lacks(
    suite: str, kernel: str, tmp_path: Path, kept: pytest.Cache, subtests: pytest.Subtests
) -> None:
    loaded = pretend.built(find.find(kernel, print).tree(print), suite, PRETENDED[suite])
    messages = lab.run(kernel, loaded, tmp_path, suites=[suite], kept=kept)
    check(messages, {suite}, subtests)


@pytest.mark.test_kvm
@pytest.mark.parametrize("kernel", ["6.1", "6.12"])
def test_live(kernel: str, tmp_path: Path, kept: pytest.Cache, subtests: pytest.Subtests) -> None:
    """On the distribution's own KVM; afterwards it can be unloaded, and KVM is as before."""
    unload = [live.NAME.replace("-", "_")]
    messages = lab.run(kernel, lab.live(kernel), tmp_path, LIVE, unload=unload, kept=kept)
    wanted = {"userspace_exits", "mwait_yield", "entry_intercepts", "vcpu_poll", "unload", "after"}
    check(messages, wanted, subtests)
    told = [re.search(r"(\w+): (\d+) missed", line) for line in messages["kernel_log"]["missed"]]
    # A timer's interrupt inside another probe kicks the vCPU unseen: what a probe cannot help.
    assert {found[1] for found in told if found} <= {"kvm_vcpu_kick"}
    missed = messages["unload.kvm_kbench_live"]["missed"]
    assert missed == sum(int(found[2]) for found in told if found)


@pytest.mark.test_kvm
@pytest.mark.parametrize("kernel", ["6.1", "6.12"])
def test_live_tells_what_it_missed(
    kernel: str,
    tmp_path: Path,
    kept: pytest.Cache,
    subtests: pytest.Subtests,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And its file operations serve a 32-bit VMM as a 64-bit one."""
    files = pretend.live(live.files(), pretend.MISSES)
    monkeypatch.setattr(live, "files", lambda: files)
    unload = [live.NAME.replace("-", "_")]
    loaded = lab.live(kernel)
    messages = lab.run(kernel, loaded, tmp_path, suites=["live"], unload=unload, kept=kept)
    check(messages, {"live", "unload"}, subtests)
    assert messages["unload.kvm_kbench_live"]["missed"] == pretend.MISSED
    (line,) = messages["kernel_log"]["missed"]
    assert f"kvm_emulate_mwait: {pretend.MISSED} missed" in line
