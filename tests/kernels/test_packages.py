# SPDX-License-Identifier: MIT
import shutil
import subprocess
from pathlib import Path

import pytest

from kbench.kernels import cache, packages
from kbench.kernels.debian import Package, Pin
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
        f"{HEADERS}/Makefile": "include /usr/src/linux-headers-6.1.0-2-common/Makefile\n"
    },
    "linux-headers-6.1.0-2-common": {
        "usr/src/linux-headers-6.1.0-2-common/Makefile": "all:\n\t@echo $(CURDIR)\n"
    },
    "linux-source-6.1": {"usr/src/linux-source-6.1.tar.xz": "source"},
}


@pytest.fixture
def pin(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pin:
    """A pin whose packages a fake archive serves."""
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

    monkeypatch.setattr(packages.apt, "Apt", Archive)
    made = {
        name: Package(name, VERSION, cache.file_digest(deb), deb.stat().st_size)
        for name, deb in debs.items()
    }
    image, *headers, source = made.values()
    return Pin("6.1", VERSION, RELEASE, image, tuple(headers), source)


def make_deb(tmp_path: Path, name: str, files: dict[str, str]) -> Path:
    tree = tmp_path / name
    control = (
        f"Package: {name}\nVersion: {VERSION}\nArchitecture: all\nMaintainer: x\nDescription: x\n"
    )
    for path, text in {**files, "DEBIAN/control": control}.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)
    deb = tmp_path / f"{name}.deb"
    subprocess.run(["dpkg-deb", "--build", tree, deb], check=True, capture_output=True, timeout=60)
    return deb


def test_tree_is_unpacked_and_usable_where_it_lies(pin: Pin, root: Path) -> None:
    tree = packages.fetch(pin, print)
    assert (tree.image / "boot" / f"vmlinuz-{RELEASE}").read_text() == "kernel"
    assert tree.source.read_text() == "source"
    assert tree.module("kvm_amd").read_text() == "kvm"
    make = subprocess.run(["make", "-C", tree.headers], capture_output=True, text=True, timeout=60)
    assert str(tree.headers) in make.stdout
    assert list((root / "downloads").iterdir()) == []


def test_only_modules_the_lab_uses_are_kept(pin: Pin) -> None:
    with pytest.raises(KernelError, match="no module e1000"):
        packages.fetch(pin, print).module("e1000")


def test_nothing_is_fetched_twice(pin: Pin) -> None:
    said: list[str] = []
    packages.fetch(pin, said.append)
    assert len(said) == len(CONTENTS)
    packages.fetch(pin, said.append)
    assert len(said) == len(CONTENTS)


def test_other_content_than_the_pins_is_refused(pin: Pin) -> None:
    wrong = Package(pin.image.name, VERSION, "0" * 64, 1)
    with pytest.raises(PackageUnavailable, match="is not the package of the pin"):
        packages.fetch_image(Pin("6.1", VERSION, RELEASE, wrong, (), pin.source), print)
