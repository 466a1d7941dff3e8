# SPDX-License-Identifier: MIT
"""Between two stamps the compiled loops call the kernel, never Python."""

import re
from pathlib import Path

import pytest
from support.disassembly import objdump, timed_calls

from kbench._native import exits

# The C library's thin wrappers: their instructions belong to the round trip.
ALLOWED = re.compile(r"<(ioctl|getppid|__errno_location|write|syscall)@plt>$")
# Between these stamps the waker reads its CPU clock, to relate that to the TSC.
CLOCKS = {"waker": re.compile(r"<clock_gettime@plt>$")}
MODULES = sorted(Path(exits.__file__).parent.glob("*.so"))
# Modules with timed loops, and how many pairs of stamps they have at least.
PAIRS = {
    "exits": 2,
    "exits_delayed": 1,
    "outliers": 1,
    "batches": 2,
    "floors": 4,
    "mp_state_probe": 4,
    "reference": 1,
}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name.partition(".")[0])
def test_no_python_between_stamps(module: Path) -> None:
    stamps, name = timed_calls(objdump(module)), module.name.partition(".")[0]
    assert len(stamps) >= PAIRS.get(name, 0)
    for end, calls in stamps.items():
        foreign = [call for call in calls if not ALLOWED.search(call)]
        if clock := CLOCKS.get(name):
            foreign = [call for call in foreign if not clock.search(call)]
        assert not foreign, f"{module.name}, before the stamp at {end:#x}"


def test_the_timed_call_is_seen() -> None:
    """exits' loop has KVM_RUN between its stamps, whatever way the compiler laid it out."""
    (module,) = (path for path in MODULES if path.name.startswith("exits."))
    calls = set().union(*timed_calls(objdump(module)).values())
    assert any("ioctl" in call or "syscall" in call for call in calls) or _has_syscall(module)


def _has_syscall(module: Path) -> bool:
    return re.search(r"\tsyscall", objdump(module)) is not None


INDIRECT = "*0x2fe2(%rip)        # 4000 <_Py_Dealloc>"
LOOP = """
  10:\tlfence
  13:\trdtsc
  15:\tlfence
  18:\tcall   90 <ioctl@plt>
  1d:\ttest   %eax,%eax
  1f:\tjs     50 <loop+0x40>
  21:\tjmp    30 <loop+0x20>
  26:\trdtscp
  29:\tlfence
  2c:\tjne    10 <loop>
  2e:\tret
  30:\t{block}
  35:\tjmp    26 <loop+0x16>
  50:\tcall   98 <PyErr_CheckSignals@plt>
  55:\tret
"""


@pytest.mark.parametrize(
    ("block", "calls"),
    [
        ("nop", set()),
        ("call   a0 <PyLong_FromLong@plt>", {"a0 <PyLong_FromLong@plt>"}),
        (f"call   {INDIRECT}", {INDIRECT}),
    ],
)
def test_a_call_out_of_line_is_found(block: str, calls: set[str]) -> None:
    """The search can fail: it finds a Python call in a block the compiler moved away."""
    (found,) = timed_calls(LOOP.format(block=block)).values()
    assert found == {"90 <ioctl@plt>", *calls}
    assert bool(calls) == any(not ALLOWED.search(call) for call in found)
