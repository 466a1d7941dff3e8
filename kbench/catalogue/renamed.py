# SPDX-License-Identifier: MIT
"""Names of older releases: stored suites may use them for one more release."""

import re

RENAMED_EVENTS = {
    "work.neighbour": "work.competitor",
    "work.neighbour19": "work.competitor19",
    "mpstate.look": "mpstate.probe",
    "mpstate.look_inside": "mpstate.probe_inside",
}


def present_name(name: str) -> str:
    """Today's name of a benchmark or selector."""
    event, at, variant = name.partition("@")
    renamed = re.sub(r"(/\d+)pinned$", r"\1own-pcpu", variant)
    return RENAMED_EVENTS.get(event, event) + at + renamed
