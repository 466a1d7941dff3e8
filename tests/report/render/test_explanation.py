# SPDX-License-Identifier: MIT
"""The page of an explained event: complete, and closed to everything outside it."""

import re

from support.explained import exit_tree, explanation, node

from kbench.report.icicle import WIDTH, icicle
from kbench.report.render.explanation import page, two_sided

BASE, HEAD = explanation(exit_tree()), explanation(exit_tree(handler=303))


def test_boxes_are_as_wide_as_their_instructions() -> None:
    boxes = icicle("", BASE.roots, BASE.count).boxes
    assert boxes[0].width == WIDTH and boxes[0].y == 0
    by_tip = {box.tip.partition(":")[0]: box for box in boxes}
    assert round(by_tip["kfree"].width, 3) == round(18 * WIDTH / 1050, 3)
    below = by_tip["svm_vcpu_run [kvm]"], by_tip["kvm_vcpu_ioctl [kvm]"]
    assert below[0].y > below[1].y and below[0].x >= below[1].x


def test_the_page_needs_nothing_from_outside() -> None:
    for text in (page(BASE), two_sided(BASE, HEAD)):
        assert not re.search(r"(src|href)=|<script|https?://|url\(", text)
        assert "default-src &#39;none&#39;" in text or "default-src 'none'" in text
        assert "They are not times" in text
    assert "1,050 instructions" in page(BASE)
    assert "+3 instructions" in two_sided(BASE, HEAD)
    assert two_sided(BASE, HEAD).count("var(--worse)") > 1
    assert two_sided(BASE, HEAD).count("<rect") > two_sided(BASE, HEAD).count("var(--same)") > 1


def test_names_are_escaped() -> None:
    text = page(explanation(node("<script>alert(1)</script>", 100)))
    assert "<script>" not in text and "&lt;script&gt;" in text
