# SPDX-License-Identifier: MIT
"""What a lab is made of, sent to a machine by content: files with a digest, checked there."""

import json
from dataclasses import dataclass
from pathlib import Path

from kbench.kernels import cache, modinfo
from kbench.kernels.cache import Progress
from kbench.kernels.errors import KernelError
from kbench.kernels.kernel import Kernel, KernelTree
from kbench.lab.vm.machines import SVM

KIND = "fleet"  # the cache's directory of what came
VMLINUZ, MODULES = "vmlinuz", "modules"


class Damaged(KernelError):
    """A shipment is not what was sent."""


@dataclass(frozen=True)
class Shipment:
    """Files by their paths, and what is said of them (JSON); `digest` is of all that."""

    said: str
    files: tuple[tuple[str, bytes], ...]
    digest: str

    def __hash__(self) -> int:
        return hash(self.digest)

    def check(self) -> None:
        """Raise Damaged where the digest is another's."""
        if _digest(self.said, self.files) != self.digest:
            raise Damaged(f"the files {self.digest} came damaged")

    def unpacked(self, progress: Progress) -> Path:
        """The directory of the cache that holds the files, written where it is missing."""

        def write(work: Path) -> None:
            for name, content in self.files:
                path = work / name
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(content)

        return cache.entry(KIND, self.digest, write, progress)


@dataclass(frozen=True, kw_only=True)
class ShippedKernel(Kernel):
    """A kernel of the client's, with its identity there."""

    told: dict[str, str]

    @property
    def facts(self) -> dict[str, str]:
        """What its provenance says there."""
        return self.told

    def tree(self, progress: Progress) -> KernelTree:
        """Raises KernelError: modules are built where the kernel comes from."""
        raise KernelError(f"{self.spec} came without its headers: modules are built by the client")


def shipment(said: object, files: dict[str, bytes]) -> Shipment:
    """These files as a shipment; `said` is anything that JSON has."""
    text, pairs = json.dumps(said), tuple(sorted(files.items()))
    return Shipment(text, pairs, _digest(text, pairs))


def kernel_shipment(kernel: Kernel) -> Shipment:
    """What boots of a kernel, and its KVM with the modules below it. Raises KernelError."""
    modules: dict[str, bytes] = {}
    for name in SVM.modules:
        own = modinfo.content(kernel, name)
        modules |= {**modinfo.dependencies(kernel, own), name: own}
    files = {f"{MODULES}/{name}.ko": content for name, content in modules.items()}
    identity = {name: getattr(kernel, name) for name in ("spec", "version", "name", "release")}
    said = {**identity, "content": kernel.content, "told": kernel.facts}
    return shipment(said, {**files, VMLINUZ: kernel.vmlinuz.read_bytes()})


def kernel(sent: Shipment, progress: Progress) -> ShippedKernel:
    """The kernel of kernel_shipment(), in this machine's cache. Raises as cache.entry()."""
    place = sent.unpacked(progress)
    said = json.loads(sent.said)
    return ShippedKernel(**said, vmlinuz=place / VMLINUZ, modules=place / MODULES)


def _digest(said: str, files: tuple[tuple[str, bytes], ...]) -> str:
    return cache.digest(said, *(part for item in files for part in item))
