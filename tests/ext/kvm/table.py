# SPDX-License-Identifier: MIT
"""Puts measured tables into the documentation: `.venv/bin/python -P tests/ext/kvm/table.py costs`.

costs: what the mechanisms cost, used: what they cost where they act, both into docs/extension.md.
events: what each way says of each event, into ext/kvm/README.md. series [KERNEL ...]: what each
patch of ext/kvm/upstream/ costs on a kernel, into its costs.json.
"""

import json
import sys
import tempfile
from itertools import product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from ext.kvm import events, lab, upstream
from kbench.kernels import find
from kbench.kmod import mail, series, variants

KERNELS = ("6.1", "6.12")
EXITS = ("pio", "mwait nop + pio", "hlt + pio")
MWAIT, MONITORED = "mwait nop + pio", "monitor, store, mwait nop + pio"
# What a mechanism does, the count of the same on stock KVM where there is one, and that in `all`.
USED = (
    ("`userspace_exits`: HLT leaves KVM_RUN", "", "hlt exit"),
    ("`userspace_exits`: MWAIT leaves KVM_RUN", "", "mwait exit"),
    ("`mwait_yield`: MWAIT is yield()", MWAIT, "mwait yield + pio"),
    ("`mwait_yield`: MWAIT is cond_resched()", MWAIT, "mwait cond_resched + pio"),
    ("`entry_intercepts`: HLT by the CPU", "hlt + pio", "hlt native + pio"),
    ("`mwait_lowprio`: MWAIT, nobody else runnable", MWAIT, "mwait lowprio + pio"),
    ("`mwait_monitor`: MONITOR, store, MWAIT", MONITORED, "monitor, store, mwait + pio"),
    ("`vcpu_poll`: an interrupt, nobody waits", "interrupt", "interrupt, vcpu_poll"),
    ("`vcpu_poll`: an interrupt, an eventfd", "interrupt", "interrupt, eventfd"),
    ("`run_mp_state`: an interrupt", "interrupt", "interrupt, run_mp_state"),
)
SERIES = lab.HERE.parents[2] / "ext" / "kvm" / "upstream" / mail.COSTS
PAGE = lab.HERE.parents[2] / "docs" / "extension.md"
Costs = dict[str, int]


def costs(
    kernel: str, loaded: dict[str, bytes], scratch: Path, test: str = "costs.test_costs"
) -> Costs:
    """What a selftest of costs measured inside, by its names."""
    message = lab.run(kernel, loaded, scratch, [test])[test]
    assert not message["result"], message["result"]
    return {name: value for name, value in message.items() if name not in ("test", "result")}


def of_variant(name: str, scratch: Path) -> dict[str, Costs]:
    """What costs() says of the variant on each kernel."""
    return {kernel: costs(kernel, lab.built(kernel, name), scratch) for kernel in KERNELS}


def more(costs: Costs, stock: Costs, suffix: str = "") -> str:
    """The differences to stock in the order of EXITS."""
    differences = (costs[name + suffix] - stock[name] for name in EXITS)
    return " / ".join(f"{difference:+}" if difference else "0" for difference in differences)


def row(name: str, cells: list[str]) -> str:
    return f"| {name} | {' | '.join(cells)} |\n"


def markdown(scratch: Path) -> str:
    """The table: a column a kernel."""
    stock, every = (of_variant(name, scratch) for name in ("stock", "all"))
    live = {kernel: costs(kernel, lab.live(kernel), scratch) for kernel in KERNELS}
    text = row("", [find.find(kernel, print).version for kernel in KERNELS])
    text += "|---" * (len(KERNELS) + 1) + "|\n"
    counts = [" / ".join(str(stock[kernel][name]) for name in EXITS) for kernel in KERNELS]
    text += row("stock, in instructions", counts)
    text += row("`all`, off", [more(every[kernel], stock[kernel]) for kernel in KERNELS])
    for mechanism in variants.variant("all").mechanisms:
        on = f", {mechanism.name}"
        cells = [more(every[kernel], stock[kernel], on) for kernel in KERNELS]
        text += row(f"`{mechanism.name}` on in `all`", cells)
        alone = of_variant(mechanism.name, scratch)
        for state, suffix in (("off", ""), ("on", on)):
            cells = [more(alone[kernel], stock[kernel], suffix) for kernel in KERNELS]
            text += row(f"`{mechanism.name}` alone, {state}", cells)
    text += row("live module, on SVM", [more(live[kernel], stock[kernel]) for kernel in KERNELS])
    return text


def used(scratch: Path) -> str:
    """The table of what the mechanisms cost where they act, in `all`: a column a kernel."""
    text = row("", [find.find(kernel, print).version for kernel in KERNELS])
    text += "|---" * (len(KERNELS) + 1) + "|\n"
    columns = []
    for kernel in KERNELS:
        stock, every = (
            costs(kernel, loaded, scratch) | costs(kernel, loaded, scratch, "costs_used.test_used")
            for loaded in (lab.built(kernel, "stock"), lab.built(kernel, "all"))
        )
        columns.append(
            [f"{stock[old]} -> {every[new]}" if old else str(every[new]) for _, old, new in USED]
        )
    for (title, *_), cells in zip(USED, zip(*columns, strict=True), strict=True):
        text += row(title, list(cells))
    return text


def publish(name: str, table: str) -> None:
    """Put a table into docs/extension.md, between its comments."""
    page = PAGE.read_text()
    begin = f"<!-- {name}: begin -->\n"
    old = page.partition(begin)[2].partition(f"<!-- {name}: end -->")[0]
    assert old, f"{PAGE.name} has no table {name}"
    PAGE.write_text(page.replace(begin + old, begin + table))


def of_series(mechanism: str, kernel: str, scratch: Path) -> list[mail.Counts]:
    """The instructions of each exit on stock, and after each patch of the series."""
    tree = find.find(kernel, print).tree(print)
    numbers = range(1, len(series.patches(mechanism)) + 1)
    patched = [upstream.built(tree, mechanism, number) for number in numbers]
    steps = [costs(kernel, loaded, scratch) for loaded in (lab.built(kernel, "stock"), *patched)]
    return [{name: step[name] for name in EXITS} for step in steps]


def keep(mechanism: str, version: str, counts: list[mail.Counts]) -> None:
    """Put counts of a series into costs.json; those of another state of it go."""
    found = json.loads(SERIES.read_text())
    digest = mail.digest(mechanism)
    if found.get(mechanism, {}).get("digest") != digest:
        found[mechanism] = {"digest": digest, "counts": {}}
    found[mechanism]["counts"][version] = counts
    SERIES.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        scratch = Path(directory)
        match sys.argv[1:]:
            case ["events"]:
                # The newest has them all: Debian's 6.1 is built without CONFIG_KVM_XEN.
                loaded = lab.built(KERNELS[-1], "all")
                events.publish(lab.run(KERNELS[-1], loaded, scratch, ["event_table"]))
            case ["series", *kernels]:
                for mechanism, kernel in product(series.names(), kernels or KERNELS):
                    counts = of_series(mechanism, kernel, scratch)
                    keep(mechanism, find.find(kernel, print).version, counts)
            case ["costs"]:
                publish("costs", markdown(scratch))
            case ["used"]:
                publish("used", used(scratch))
            case _:
                raise SystemExit(__doc__)


if __name__ == "__main__":
    main()
