# SPDX-License-Identifier: MIT
"""The lab's root file system: CPython, its standard library, the agent, three modules.

The interpreter is the one that runs kbench, so that kbench's compiled modules fit.
"""

import importlib.util
import io
import marshal
import os
import sys
import sysconfig
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from kbench.kernels import cache, elf, tools
from kbench.lab.errors import LabError
from kbench.lab.image import cpio

# What a measuring process has no use for; most of it is tests and user interfaces.
SKIPPED = frozenset(
    (
        *("test", "tests", "idlelib", "tkinter", "lib2to3", "ensurepip", "turtledemo", "turtle.py"),
        *("site-packages", "dist-packages", "lib-dynload", "__pycache__", "distutils", "venv"),
        *("pydoc_data", "pydoc.py", "curses", "dbm", "sqlite3", "unittest", "wsgiref", "xmlrpc"),
        *("mailbox.py", "doctest.py"),
    )
)
# Extension modules with large libraries of their own, and tests.
SKIPPED_DYNAMIC = (
    *("_test", "_xxtest", "xx", "_codecs_", "_tkinter", "_sqlite3", "_ssl", "_hashlib"),
    *("_curses", "readline", "nis", "_crypt", "_gdbm", "_dbm", "unicodedata"),
)
# Where Python's extension modules are. Read at import: labs are prepared by several threads, and of
# two that ask sysconfig first, one is told None (https://github.com/python/cpython/issues/92452).
DYNAMIC = Path(sysconfig.get_config_var("DESTSHARED"))
INSIDE = Path(__file__).parents[1] / "inside"
AGENT = ("agent.py", "bundle.py", "fw_cfg.py")
DIRECTORIES = ("dev", "proc", "sys", "tmp")
LDD_SECONDS = 60

Files = dict[str, tuple[int, bytes]]


def build(modules: Sequence[tuple[str, bytes]]) -> bytes:
    """The archive; `modules` are loaded by the agent in that order before the snapshot."""
    from kbench.lab.inside import _port

    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    files: Files = {f"usr/lib/{version.replace('.', '')}.zip": (0o644, _library())}
    # Python's start-up looks for these two to know its prefix.
    files[f"usr/lib/{version}/os.py"] = (0o644, b"")
    _add_elf(files, "usr/bin/python3", Path(os.path.realpath(sys.executable)))
    extensions = [p for p in DYNAMIC.glob("*.so") if not p.name.startswith(SKIPPED_DYNAMIC)]
    extensions.append(_cffi_backend())
    for path in sorted(extensions):
        _add_elf(files, f"usr/lib/{version}/lib-dynload/{path.name}", path)
    _add_elf(files, f"agent/{Path(_port.__file__).name}", Path(_port.__file__))
    for name in AGENT:
        files[f"agent/{name}"] = (0o755, (INSIDE / name).read_bytes())
    for number, (name, data) in enumerate(modules):
        files[f"modules/{number:02}-{name}.ko"] = (0o644, data)
    return cpio.archive(files, DIRECTORIES)


def key() -> str:
    """Changes with what build() puts into the archive; cheap, unlike build().

    The standard library is known by the version and build date of the interpreter.
    """
    from kbench.lab.inside import _port

    files = [Path(module) for module in (__file__, cpio.__file__, elf.__file__)]
    files += [INSIDE / name for name in AGENT]
    files += [Path(_port.__file__), _cffi_backend(), Path(sys.executable)]
    return cache.digest(sys.version, *(path.read_bytes() for path in files))


def _cffi_backend() -> Path:
    """What kbench._abi needs at run time."""
    found = importlib.util.find_spec("_cffi_backend")
    if found is None or found.origin is None:
        raise LabError("cffi is not installed: reinstall kbench with its dependencies")
    return Path(found.origin)


def _library() -> bytes:
    """The standard library as a zip archive of compiled modules."""
    top = Path(sysconfig.get_path("stdlib"))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for path in _sources(top):
            relative = path.relative_to(top)
            archive.writestr(zipfile.ZipInfo(f"{relative}c"), compiled(path, f"<lib>/{relative}"))
    return out.getvalue()


def compiled(path: Path, name: str) -> bytes:
    """The .pyc of a source file, as one that is never checked against its source."""
    code = compile(path.read_bytes(), name, "exec", dont_inherit=True)
    return (
        importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8) + marshal.dumps(code, 2)
    )


def _sources(top: Path) -> Iterator[Path]:
    for directory, subdirectories, names in os.walk(top):
        subdirectories[:] = sorted(
            name
            for name in subdirectories
            if name not in SKIPPED and not name.startswith("config-")
        )
        for name in sorted(names):
            if name.endswith(".py") and name not in SKIPPED and not name.startswith("_sysconfig"):
                yield Path(directory, name)


def _add_elf(files: Files, place: str, source: Path) -> None:
    """Add an executable or shared object, and the libraries it needs below /lib."""
    files[place] = (0o755, elf.stripped(source.read_bytes(), "--strip-all"))
    for name, path in _libraries(source):
        # The ELF interpreter is named by its absolute path, a library by its soname.
        target = name.lstrip("/") if name.startswith("/") else f"lib/{name}"
        if target not in files:
            files[target] = (0o755, elf.stripped(path.read_bytes(), "--strip-all"))


def _libraries(path: Path) -> Iterator[tuple[str, Path]]:
    # ldd exits with 1 for a static executable, which needs none.
    text = tools.run(["ldd", path], LDD_SECONDS, accepted=(0, 1), error=LabError)
    for line in text.splitlines():
        words = line.split()
        if "not found" in line:
            raise LabError(f"{path} needs the library {words[0]}, which is not found")
        if "=>" in words and words[2].startswith("/"):
            yield words[0], Path(words[2])
        elif words and words[0].startswith("/"):
            yield words[0], Path(words[0])
