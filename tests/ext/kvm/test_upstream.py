# SPDX-License-Identifier: MIT
"""What ext/kvm/upstream/ has in upstream's form, on stock KVM in the lab."""

import json
import re
import shutil
from pathlib import Path

import pytest

from ext.kvm import lab
from kbench.kernels import find
from kbench.kmod import selftests
from kbench.lab.vm import snapshot

KERNEL = "6.1"  # of another release the library needs that one's installed headers
PLAN = re.compile(r"^1\.\.(\d+)$", re.M)

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="QEMU is not installed"),
    pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed"),
]


@pytest.mark.parametrize("source", selftests.sources(), ids=lambda path: path.stem)
def test_selftest_on_stock_kvm(source: Path, tmp_path: Path, subtests: pytest.Subtests) -> None:
    kernel = find.find(KERNEL, print)
    program = selftests.build(source, kernel.tree(print).source, print)
    loaded = lab.built(KERNEL, "stock")
    job = {"modules": list(loaded), "entry": "selftests.program:main"}
    files = {"job": json.dumps(job).encode(), "package": lab.package(tmp_path), **loaded}
    files["program"] = program.read_bytes()
    with snapshot.ensure(kernel, print).restore(files, lab.WALL_SECONDS) as process:
        process.wait()
        lines = process.results().splitlines()
    messages = {line["test"]: line for line in map(json.loads, lines)}
    output = messages.pop("output")
    for name, message in messages.items():
        with subtests.test(name):
            assert not message["result"], message["result"]
    assert output["status"] == 0, output
    (planned,) = PLAN.findall(output["text"])
    assert len(messages) == int(planned), output["text"]
