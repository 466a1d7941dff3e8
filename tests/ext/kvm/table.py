# SPDX-License-Identifier: MIT
"""Prints the tables of costs in docs/extension.md: `.venv/bin/python -P tests/ext/kvm/table.py`.

With the argument `events` it puts the table of events into ext/kvm/README.md.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from ext.kvm import events, lab
from kbench.kernels import debian
from kbench.kmod import variants

KERNEL = debian.DEFAULT
EXITS = ("pio", "mwait nop + pio", "hlt + pio")
Costs = dict[str, int]


def costs(loaded: dict[str, bytes], scratch: Path) -> Costs:
    """What costs.py measured inside, by its names."""
    message = lab.run(KERNEL, loaded, scratch, ["costs"])["costs.test_costs"]
    assert not message["result"], message["result"]
    return {name: value for name, value in message.items() if name not in ("test", "result")}


def more(costs: Costs, stock: Costs, suffix: str = "") -> str:
    """The differences to stock in the order of EXITS; "-" where nothing is to be switched."""
    if EXITS[0] + suffix not in costs:
        return "-"
    differences = (costs[name + suffix] - stock[name] for name in EXITS)
    return " / ".join(f"{difference:+}" if difference else "0" for difference in differences)


def main() -> None:
    if sys.argv[1:] == ["events"]:
        with tempfile.TemporaryDirectory() as directory:
            loaded = lab.built(KERNEL, "all")
            events.publish(lab.run(KERNEL, loaded, Path(directory), ["event_table"]))
        return
    with tempfile.TemporaryDirectory() as directory:
        scratch = Path(directory)
        found = {
            variant.name: costs(lab.built(KERNEL, variant.name), scratch)
            for variant in variants.variants()
        }
        found["live"] = costs(lab.live(KERNEL), scratch)
    stock = found["stock"]
    print(f"stock: {', '.join(f'{name} {stock[name]}' for name in EXITS)}\n")
    print("| mechanism | alone, off | alone, on | in `all`, on |\n|---|---|---|---|")
    for mechanism in variants.mechanisms():
        alone, on = found[mechanism.name], f", {mechanism.name}"
        cells = [more(alone, stock), more(alone, stock, on), more(found["all"], stock, on)]
        print(f"| `{mechanism.name}` | {' | '.join(cells)} |")
    print(
        f"| `all` | {more(found['all'], stock)} | | |\n| live | {more(found['live'], stock)} | | |"
    )
    print("\nasked of an MWAIT:\n")
    for name in sorted({name for costs in found.values() for name in costs}):
        if (name.startswith("mwait") and "nop" not in name) or name.endswith("off"):
            values = (
                f"{variant} {costs[name]}" for variant, costs in found.items() if name in costs
            )
            print(f"- {name}: {', '.join(values)}")


if __name__ == "__main__":
    main()
