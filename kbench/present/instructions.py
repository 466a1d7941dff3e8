# SPDX-License-Identifier: MIT
"""The executed instructions of a function, a line each: how often, where, what."""

import json
from collections.abc import Mapping
from typing import Any

from kbench.explain.explanation import Explanation
from kbench.explain.listing import Listing
from kbench.present.difference import label
from kbench.present.output import Makers

VERSION = 1


def makers(e: Explanation, width: int) -> Makers:
    """The forms of an explanation's listings."""
    return {
        "table": lambda: "\n".join(text(e, each, width) for each in e.listings),
        "json": lambda: (
            json.dumps(
                {"version": VERSION, "listings": [data(e, each) for each in e.listings]}, indent=1
            )
            + "\n"
        ),
    }


def text(explanation: Explanation, listing: Listing, width: int) -> str:
    """Title, a line an instruction, and the source where a line of it begins."""
    lines = [f"{label(listing.function)} in {explanation.title}: {listing.count:,} began", ""]
    source = ""
    for each in listing.instructions:
        if each.source and each.source != source:
            source = each.source
            lines.append(f"{'':16}{source}")
        turns = f"  (back to {each.loop:+x}: a loop)" if each.loop >= 0 else ""
        lines.append(f"{each.times:>7,} {each.offset:>+7x}  {each.text}{turns}")
    shown = (line if len(line) <= width else f"{line[: width - 3]}..." for line in lines)
    return "\n".join(shown) + "\n"


def data(explanation: Explanation, listing: Listing) -> Mapping[str, Any]:
    """The listing as JSON has it."""
    return {
        "benchmark": explanation.benchmark,
        "function": listing.function.name,
        "module": listing.function.module,
        "count": listing.count,
        "instructions": [
            {
                "address": each.address,
                "offset": each.offset,
                "code": each.code.hex(),
                "times": each.times,
                "text": each.text,
                "source": each.source,
                "loop": each.loop if each.loop >= 0 else None,
            }
            for each in listing.instructions
        ],
    }
