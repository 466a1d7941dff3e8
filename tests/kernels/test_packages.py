# SPDX-License-Identifier: MIT
import io
import shutil
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from kbench.kernels import cache, debian, packages
from kbench.kernels.debian import KernelRelease, Package
from kbench.kernels.errors import KernelError, PackageUnavailable

VERSION, RELEASE = "6.1.2-1", "6.1.0-2-amd64"
HEADERS = f"usr/src/linux-headers-{RELEASE}"
CONTENTS = {
    f"linux-image-{RELEASE}": {
        f"boot/vmlinuz-{RELEASE}": "kernel",
        f"lib/modules/{RELEASE}/kernel/arch/x86/kvm/kvm-amd.ko.xz": "kvm",
        f"lib/modules/{RELEASE}/kernel/drivers/net/e1000.ko": "e1000",
    },
    f"linux-headers-{RELEASE}": {
        # The first line came with Linux 7.2.
        f"{HEADERS}/Makefile": f"KBUILD_OUTPUT=/{HEADERS}\n"
        "include /usr/src/linux-headers-6.1.0-2-common/Makefile\n"
    },
    "linux-headers-6.1.0-2-common": {
        "usr/src/linux-headers-6.1.0-2-common/Makefile": "all:\n\t@echo $(KBUILD_OUTPUT)\n"
    },
    "linux-source-6.1": {"usr/src/linux-source-6.1.tar.xz": ""},
}


@pytest.fixture
def release(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KernelRelease:
    """The packages of a kernel, which a fake archive serves."""
    if shutil.which("dpkg-deb") is None:
        pytest.skip("dpkg-deb is not here")
    debs = {name: make_deb(tmp_path, name, files) for name, files in CONTENTS.items()}

    class Archive:
        home = tmp_path

        def __init__(self, home: Path, suites: object) -> None: ...

        def update(self) -> None: ...

        def download(self, package: str, version: str, into: Path) -> Path:
            into.mkdir(parents=True)
            return Path(shutil.copy(debs[package], into))

    monkeypatch.setattr("kbench.kernels.packages.apt.Apt", Archive)
    made = {
        name: Package(name, VERSION, cache.file_digest(deb), deb.stat().st_size)
        for name, deb in debs.items()
    }
    image, *headers, source = made.values()
    found = KernelRelease("6.1", VERSION, RELEASE, image, tuple(headers), source)
    monkeypatch.setattr(debian, "resolve", lambda name: found)
    return found


def pack(tarball: Path) -> None:
    """A kernel's source with files of KVM, and some that only look like them."""
    with tarfile.open(tarball, "w:xz") as archive:
        for name in ("virt/kvm/kvm_main.c", "include/linux/kvm_host.h", "tools/virt/kvm/x", "mm/x"):
            archive.addfile(tarfile.TarInfo(f"linux-source-6.1/{name}"), io.BytesIO())


def make_deb(tmp_path: Path, name: str, files: dict[str, str]) -> Path:
    tree = tmp_path / name
    control = (
        f"Package: {name}\nVersion: {VERSION}\nArchitecture: all\nMaintainer: x\nDescription: x\n"
    )
    for path, text in {**files, "DEBIAN/control": control}.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)
    for tarball in tree.rglob("*.tar.xz"):
        pack(tarball)
    deb = tmp_path / f"{name}.deb"
    subprocess.run(["dpkg-deb", "--build", tree, deb], check=True, capture_output=True, timeout=60)
    return deb


pytestmark = pytest.mark.usefixtures("release")


def test_kernel_is_unpacked() -> None:
    kernel = packages.kernel("6.1", print)
    assert (kernel.spec, kernel.version, kernel.release) == ("debian:6.1", VERSION, RELEASE)
    assert kernel.vmlinuz.read_text() == "kernel"
    assert kernel.module("kvm_amd").read_text() == "kvm"


def test_tree_is_usable_where_it_lies(root: Path) -> None:
    tree = packages.kernel("6.1", print).tree(print)
    make = subprocess.run(
        ["make", "--no-print-directory", "-C", tree.headers],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert make.stdout.strip() == str(tree.headers)
    assert list((root / "downloads").iterdir()) == []


def test_source_gives_what_is_asked_for(tmp_path: Path) -> None:
    into = tmp_path / "into"
    into.mkdir()
    tree = packages.kernel("6.1", print).tree(print)
    tree.source.extract(["virt/kvm", "include/linux/kvm*.h"], into)
    files = {str(path.relative_to(into)) for path in into.rglob("*") if path.is_file()}
    assert files == {"virt/kvm/kvm_main.c", "include/linux/kvm_host.h"}


def test_only_modules_the_lab_uses_are_kept() -> None:
    with pytest.raises(KernelError, match="no module e1000"):
        packages.kernel("6.1", print).module("e1000")


def test_nothing_is_fetched_twice() -> None:
    said: list[str] = []
    packages.kernel("6.1", said.append).tree(said.append)
    assert len(said) == len(CONTENTS)
    packages.kernel("6.1", said.append).tree(said.append)
    assert len(said) == len(CONTENTS)


def test_other_content_than_promised_is_refused(
    release: KernelRelease, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = replace(release, image=replace(release.image, sha256="0" * 64))
    monkeypatch.setattr(debian, "resolve", lambda name: wrong)
    with pytest.raises(PackageUnavailable, match="another package of that version"):
        packages.kernel("6.1", print)
