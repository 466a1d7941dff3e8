# SPDX-License-Identifier: MIT
"""The truth table of inside/event_table.py as Markdown, and the one that ext/kvm/README.md has."""

from collections.abc import Collection

from ext.kvm import lab

README = lab.HERE.parents[2] / "ext" / "kvm" / "README.md"
BEGIN, END = "<!-- events: begin -->\n", "<!-- events: end -->"
SUITE = "event_table."
STOCK = ("KVM_GET_MP_STATE", "signal + KVM_RUN")


def rows(messages: lab.Messages) -> dict[str, dict[str, str]]:
    """Event -> state -> what was said of it."""
    found = [message for name, message in messages.items() if name.startswith(SUITE)]
    skip = ("test", "result", "event")
    return {
        line["event"]: {state: text for state, text in line.items() if state not in skip}
        for line in found
        if "event" in line
    }


def markdown(messages: lab.Messages) -> str:
    found = rows(messages)
    states = list(next(iter(found.values())))
    lines = ["| event | " + " | ".join(states) + " |", "|---" * (len(states) + 1) + "|"]
    lines += [f"| {event} | " + " | ".join(row.values()) + " |" for event, row in found.items()]
    return "\n".join(lines) + "\n"


def skipped(messages: lab.Messages) -> list[str]:
    """The events that this KVM cannot have, as the names of their tests."""
    return [name for name in messages if name.startswith(SUITE) and "skipped" in messages[name]]


def published(without: Collection[str] = ()) -> str:
    """The table in README.md, but for the events that skipped() names."""
    lines = README.read_text().partition(BEGIN)[2].partition(END)[0].splitlines(keepends=True)
    tests = {line: f"{SUITE}{test_name(line.split('|')[1].strip())}" for line in lines}
    return "".join(line for line, test in tests.items() if test not in without)


def test_name(event: str) -> str:
    return f"test_{event.replace(' ', '_').replace(',', '')}"


def publish(messages: lab.Messages) -> None:
    """Put the measured table into README.md."""
    text = README.read_text()
    README.write_text(text.replace(BEGIN + published(), BEGIN + markdown(messages)))


def stock_part(messages: lab.Messages) -> dict[tuple[str, str], list[str]]:
    """Whether KVM_RUN runs the guest, and what stock KVM's ways say, by event and state."""
    return {
        (event, state): [
            word for word in text.split("; ") if word.startswith(("runs", "blocks", *STOCK))
        ]
        for event, row in rows(messages).items()
        for state, text in row.items()
    }
