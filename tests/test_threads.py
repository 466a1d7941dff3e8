# SPDX-License-Identifier: MIT
"""Labs, hosts and probes run in threads: what a thread sets for the whole process, it sets for all.

A process has one umask, directory, environment, and handler of a signal. kbench sets them where it
has one thread, and Python's lazily filled tables are filled when a module is imported.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import kbench

ROOT = Path(kbench.__file__).parent
OF_THE_PROCESS = {
    *("os.umask", "os.chdir", "os.fchdir", "contextlib.chdir", "os.putenv", "os.unsetenv"),
    *("os.environ.setdefault", "os.environ.update", "os.environ.pop", "os.environ.clear"),
    *("signal.signal", "signal.setitimer", "signal.alarm", "locale.setlocale", "random.seed"),
    *("socket.setdefaulttimeout", "resource.setrlimit", "warnings.catch_warnings"),
    *("contextlib.redirect_stdout", "contextlib.redirect_stderr"),
}
WITH_ONE_THREAD = {
    "cli/__init__.py",  # before anything else is imported
    "cli/_exit.py",  # as the command begins and ends
    "kernels/tools.py",  # where threading.main_thread() runs, as Python demands it for signals
    "lab/inside/measure.py",  # the lab's own process
}
# Filled by whoever asks first, and not for two at once (CPython issue 92452).
FILLED_LAZILY = ("sysconfig.get_config_var", "sysconfig.get_config_vars")


def calls(tree: ast.AST) -> Iterator[str]:
    """What is called, as it is written; an assignment to the environment is "os.environ[]"."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)
        elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            yield f"{ast.unparse(node.value)}[]"


def functions(tree: ast.AST) -> Iterator[ast.AST]:
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    return (node for node in ast.walk(tree) if isinstance(node, kinds))


def test_one_thread_alone_sets_what_all_share() -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in ROOT.rglob("*.py")
        if {*OF_THE_PROCESS, "os.environ[]"} & set(calls(ast.parse(path.read_text())))
    }
    assert found == WITH_ONE_THREAD


def test_tables_that_are_filled_lazily_are_filled_at_import() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {each}"
        for path in ROOT.rglob("*.py")
        for function in functions(ast.parse(path.read_text()))
        for each in calls(function)
        if each in FILLED_LAZILY
    ]
    assert found == []
