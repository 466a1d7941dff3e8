# SPDX-License-Identifier: MIT
"""An explained event for other tools: folded stacks, and speedscope's file format.

Folded stacks are what flamegraph.pl and inferno read, a stack and its own instructions a line.
Speedscope's is https://www.speedscope.app/file-format-schema.json, type "sampled": each
stack is a sample, its weight are instructions.
"""

import json
from collections.abc import Iterator

from kbench.explain.explanation import Explanation
from kbench.explain.tree import Node, walk
from kbench.present.calltree import name

SCHEMA = "https://www.speedscope.app/file-format-schema.json"


def folded(explanation: Explanation) -> str:
    """`caller;callee INSTRUCTIONS`, a line for each path that has own instructions."""
    lines = [
        f"{';'.join(name(node).replace(';', ':') for node in path)} {path[-1].own}\n"
        for path in _stacks(explanation)
    ]
    return "".join(lines)


def speedscope(explanation: Explanation) -> str:
    """A document of one profile."""
    frames: dict[str, int] = {}
    samples, weights = [], []
    for path in _stacks(explanation):
        samples.append([frames.setdefault(name(node), len(frames)) for node in path])
        weights.append(path[-1].own)
    document = {
        "$schema": SCHEMA,
        "exporter": "kbench explain",
        "name": explanation.title,
        "shared": {"frames": [{"name": frame} for frame in frames]},
        "profiles": [
            {
                "type": "sampled",
                "name": f"{explanation.title} (instructions)",
                "unit": "none",
                "startValue": 0,
                "endValue": sum(weights),
                "samples": samples,
                "weights": weights,
            }
        ],
    }
    return json.dumps(document) + "\n"


def _stacks(explanation: Explanation) -> Iterator[tuple[Node, ...]]:
    """The paths that have own instructions."""
    for root in explanation.roots:
        yield from (path for path in walk(root) if path[-1].own)
