# SPDX-License-Identifier: MIT
"""The files of a lab on this machine."""

import subprocess
import sys

# A thread that asks while another fills sysconfig's table was told None: two sides are explained at
# a time. Only a fresh interpreter has not filled it.
ASK_AT_ONCE = """
import sys, threading
from kbench.explain.files import here
sys.setswitchinterval(1e-6)
start, answers = threading.Barrier(8), []
def ask():
    start.wait()
    answers.append(here("/usr/lib/python3/lib-dynload/no_such.so"))
threads = [threading.Thread(target=ask) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(answers), set(answers))
"""


def test_several_threads_may_ask_first() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", ASK_AT_ONCE], capture_output=True, text=True, timeout=60
    )
    assert (done.stdout, done.stderr) == ("8 {None}\n", "")
