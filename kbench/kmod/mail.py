# SPDX-License-Identifier: MIT
"""A mechanism's series as mails that git am(1) takes, each with what it costs.

The costs are those of `ext/kvm/upstream/costs.json`, which tests/ext/kvm/table.py measures in
the lab: mechanism -> {"digest": of the series, "counts": kernel -> [the instructions of each
exit on stock, after the first patch, ...]}.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from kbench import __version__
from kbench.kernels import cache
from kbench.kernels.cache import Progress
from kbench.kernels.kernel import KernelTree
from kbench.kmod import hooks, series, sources, variants

API = "Documentation/virt/kvm/api.rst"
COSTS = "costs.json"
# git's own mark of a mail that is a patch; the sender and the date are nobody's.
HEAD = "From {zeros} Mon Sep 17 00:00:00 2001\nFrom: kbench <kbench@localhost>\nDate: {date}\n"
DATE = "Mon, 18 Sep 2023 13:28:22 +0000"
EXITS = {
    "pio": "a PIO exit",
    "mwait nop + pio": "an emulated MWAIT and a PIO exit",
    "hlt + pio": "a HLT that an interrupt ends at once and a PIO exit",
}
Counts = dict[str, int]


def mails(tree: KernelTree, mechanism: str, scratch: Path, progress: Progress) -> Iterator[str]:
    """The mails of the series for the kernel of `tree`, made in the directory `scratch`.

    Raises KernelError where the series does not fit the kernel.
    """
    made = series.patches(mechanism)
    before, after = scratch / "a", scratch / "b"
    sources.copy(sources.pristine(tree, progress), before)
    (before / API).parent.mkdir(parents=True)
    shutil.copyfile(api(tree, progress), before / API)
    for number, patch in enumerate(made, start=1):
        shutil.copytree(before, after)
        patch.apply(after)
        head = HEAD.format(zeros="0" * 40, date=DATE)
        subject = f"Subject: [PATCH {number}/{len(made)}] {patch.subject}\n\n"
        body = f"{patch.message}\n{cost(mechanism, number, tree.kernel.version)}---\n"
        end = f"-- \nkbench {__version__}\n\n"
        yield f"{head}{subject}{body}{hooks.diff(before, after)}{end}"
        shutil.rmtree(before)
        after.rename(before)


def digest(mechanism: str) -> str:
    """Changes with any edit of the series."""
    edits = (edit for patch in series.patches(mechanism) for edit in patch.edits)
    return cache.digest(*(repr(edit) for edit in edits))


def cost(mechanism: str, number: int, kernel: str) -> str:
    """What the patch `number` adds to a round trip while nothing is enabled, as lines.

    Of another kernel, which the lines name, where there is no count of this one.
    """
    known = json.loads((variants.directory() / "upstream" / COSTS).read_text()).get(mechanism, {})
    if known.get("digest") != digest(mechanism):
        return "Cost: not measured since the series has changed.\n"
    counts: dict[str, list[Counts]] = known["counts"]
    measured = kernel if kernel in counts else max(counts)
    old, new = counts[measured][number - 1 : number + 1]
    lines = [f"Cost while nothing is enabled, in instructions of a round trip on {measured} (exact"]
    lines += ["counts of an emulated SVM CPU, not times), with the patches before this one:"]
    lines += [f"  {old[name]} -> {new[name]} {exit}" for name, exit in EXITS.items()]
    return "\n".join(lines) + "\n"


def api(tree: KernelTree, progress: Progress) -> Path:
    """The kernel's description of KVM's user ABI, cached."""

    def build(work: Path) -> None:
        progress(f"extracting {API} of {tree.kernel.version}")
        tree.source.extract((API,), work)

    return cache.entry("kernel-kvm-api", cache.digest(tree.source.digest), build, progress) / API
