# SPDX-License-Identifier: MIT
"""A gate as JUnit XML: one test case per judged metric, for CI systems that show tests."""

import xml.etree.ElementTree as ET

from kbench.judge.compare import Comparison
from kbench.judge.gate import Outcome
from kbench.judge.verdict import Change, Verdict
from kbench.present import functions
from kbench.present.changes import change_text, verdict_text


def to_junit(comparison: Comparison, outcome: Outcome) -> str:
    """Worse is a failure, void and "cannot tell" are skipped, an unusable gate is an error."""
    suite = ET.Element("testsuite", name="kbench gate")
    named = {each.benchmark: functions.text(each) for each in comparison.functions}
    for change in comparison.changes:
        if change.verdict is not None:
            suite.append(_case(change, named.get(change.benchmark, "")))
    for void in comparison.voids:
        if void.unusable:
            case = ET.SubElement(suite, "testcase", classname=void.benchmark, name=void.side)
            ET.SubElement(case, "error", message=f"{void.void} of {void.runs} runs are void")
    for name in comparison.only_base:
        case = ET.SubElement(suite, "testcase", classname=name, name="presence")
        ET.SubElement(case, "skipped", message="not in head")
    for tag in ("failure", "error", "skipped"):
        count = len(suite.findall(f"testcase/{tag}"))
        suite.set({"failure": "failures", "error": "errors"}.get(tag, tag), str(count))
    suite.set("tests", str(len(suite.findall("testcase"))))
    ET.SubElement(suite, "system-out").text = outcome.headline
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _case(change: Change, named: str) -> ET.Element:
    case = ET.Element("testcase", classname=change.benchmark, name=change.metric)
    message = f"{verdict_text(change)}: {change_text(change)}, margin {change.margin}"
    match change.verdict:
        case Verdict.WORSE if not change.acknowledged:
            ET.SubElement(case, "failure", message=message).text = named or None
        case Verdict.CANNOT_TELL:
            ET.SubElement(case, "skipped", message=message)
        case _:
            ET.SubElement(case, "system-out").text = change.acknowledged or message
    return case
