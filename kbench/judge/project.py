# SPDX-License-Identifier: MIT
"""kbench.toml: a project's settings of its gate, kept beside its code.

runs = 20                       # fewest good runs a side that the host rule accepts

[margins.host]                  # instead of those of metrics.toml
p50 = "2%"

[margins.lab]                   # a share, or a number of instructions
min = "1%"
p99 = "20"

[[acknowledged]]                # a known regression, accepted until a date
benchmark = "exit.mmio_*"
metric = "p50"                  # left out: every metric
up_to = "8%"                    # left out: however large
reason = "costs of the fix for ..., see ..."
expires = 2030-06-30            # the last day on which it holds
"""

import difflib
import fnmatch
import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

import msgspec

from kbench.errors import KbenchError
from kbench.judge.verdict import Margin
from kbench.metrics import metrics

NAME = "kbench.toml"
_LARGEST = 1 << 20


class Acknowledged(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A known regression: which, why, and the last day on which the gate passes it."""

    benchmark: str
    reason: str
    expires: date
    metric: str | None = None
    up_to: str | None = None

    def covers(self, benchmark: str, metric: str, change: float) -> bool:
        """Whether `change` (a share of base, either sign) of this metric is acknowledged."""
        return (
            fnmatch.fnmatchcase(benchmark, self.benchmark)
            and self.metric in (None, metric)
            and (self.up_to is None or abs(change) <= parse_margin(self.up_to).relative)
        )


class _Margins(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    host: dict[str, str] = {}
    lab: dict[str, str] = {}


class Project(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The contents of kbench.toml, checked; an empty Project changes nothing."""

    runs: int = 20
    margins: _Margins = _Margins()
    acknowledged: tuple[Acknowledged, ...] = ()

    def margin(self, target: str, metric: str) -> Margin | None:
        """This project's margin for a metric on "host" or in the "lab", or None for the default."""
        table: Mapping[str, str] = self.margins.lab if target == "lab" else self.margins.host
        return parse_margin(table[metric]) if metric in table else None


def parse_margin(text: str) -> Margin:
    """`3%` is a share of base, `10` a number of instructions, `0` no margin. Raises KbenchError."""
    matched = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(%?)", text.strip())
    if matched is None:
        raise KbenchError(
            f"{text!r} is not a margin: write 3% (a share of base) or 10 (instructions, lab only)"
        )
    number = float(matched[1])
    return Margin(number / 100) if matched[2] else Margin(0.0, number)


def load_project(path: Path | None = None) -> Project:
    """The project file at `path`, default ./kbench.toml if it exists. Raises KbenchError."""
    if path is None:
        path = Path(NAME)
        if not path.exists():
            return Project()
    if path.exists() and not path.is_file():  # opening a FIFO would block
        raise KbenchError(f"{path} is not a regular file")
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST + 1)
        if len(text) > _LARGEST:
            raise KbenchError(f"{path} holds more than 1 MB, too much for a project file")
        project = msgspec.convert(tomllib.loads(text.decode()), Project)
    except OSError as error:
        raise KbenchError(f"cannot read {path}: {error.strerror}") from None
    except msgspec.ValidationError as error:
        raise KbenchError(f"{path}: {error}{_nearest_key(str(error))}") from None
    except (ValueError, RecursionError) as error:
        raise KbenchError(f"{path}: {error}") from None
    _check(path, project)
    return project


def _check(path: Path, project: Project) -> None:
    try:
        if project.runs < 4:
            raise KbenchError(f"runs is {project.runs}, expected 4 or more")
        for target, table in (("host", project.margins.host), ("lab", project.margins.lab)):
            for metric, text in table.items():
                known(metric)
                check_host(parse_margin(text), text, target == "host")
        for entry in project.acknowledged:
            if entry.metric is not None:
                known(entry.metric)
            if entry.up_to is not None:
                check_host(parse_margin(entry.up_to), entry.up_to, True)
            if not entry.reason.strip():
                raise KbenchError(f"the acknowledgement of {entry.benchmark} gives no reason")
    except KbenchError as error:
        raise KbenchError(f"{path}: {error}") from None


def known(metric: str) -> None:
    """KbenchError unless `metric` is one of metrics.toml."""
    if metric not in metrics():
        raise KbenchError(f"{metric!r} is not a metric{_nearest(metric, metrics())}")


def _nearest_key(message: str) -> str:
    """The hint after msgspec's message about an unknown key."""
    unknown = re.search(r"unknown field `(.*?)`(?: - at `\$\.(\w+)|$)", message)
    if unknown is None:
        return ""
    table = {"acknowledged": Acknowledged, "margins": _Margins}.get(unknown[2] or "", Project)
    return _nearest(unknown[1], table.__struct_fields__)


def _nearest(word: str, names: Iterable[str]) -> str:
    names = list(names)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    return f": did you mean {near[0]!r}?" if near else f": there are {', '.join(names)}"


def check_host(margin: Margin, text: str, share_only: bool) -> None:
    """KbenchError where a number of instructions stands in place of a share."""
    if share_only and margin.absolute:
        raise KbenchError(f"{text!r} counts instructions, expected a share such as 3%")
