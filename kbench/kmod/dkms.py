# SPDX-License-Identifier: MIT
"""A DKMS source directory of a variant, for a machine that is to run it."""

from pathlib import Path

from kbench.kernels.cache import Progress
from kbench.kernels.errors import KernelError
from kbench.kernels.kernel import KernelTree
from kbench.kmod import hooks, modules, sources, variants

PACKAGE = "kbench-kvm"
# DKMS builds with the headers of the running kernel: the sources fit that one only.
CONFIG = """\
PACKAGE_NAME="{package}"
PACKAGE_VERSION="{version}"
BUILD_EXCLUSIVE_KERNEL="^{release}$"
MAKE[0]="make -C ${{kernel_source_dir}} \
M=${{dkms_tree}}/${{PACKAGE_NAME}}/${{PACKAGE_VERSION}}/build/arch/x86/kvm \
{options} modules"
CLEAN="true"
"""
MODULE = """\
BUILT_MODULE_NAME[{index}]="{name}"
BUILT_MODULE_LOCATION[{index}]="arch/x86/kvm"
DEST_MODULE_LOCATION[{index}]="/updates"
"""


def write(tree: KernelTree, name: str, into: Path, progress: Progress) -> Path:
    """Write `into`/kbench-kvm-VERSION, ready for `dkms add`; its path.

    It holds the kernel's KVM sources with the variant's hooks, under the kernel's
    licence (GPL-2.0). Raises KernelError when the directory is there already.
    """
    variant = variants.variant(name)
    version = f"{name}-{variants.digest()}"
    place = into / f"{PACKAGE}-{version}"
    if place.exists():
        raise KernelError(f"{place} is there already: remove it first")
    place.mkdir(parents=True)
    sources.copy(sources.pristine(tree, progress), place)
    hooks.apply(place, variant)
    sources.relocate(place)
    release = tree.kernel.release.replace(".", r"\.").replace("+", r"\+")
    options = " ".join(modules.OPTIONS)
    config = CONFIG.format(package=PACKAGE, version=version, release=release, options=options)
    for index, module in enumerate((*modules.NAMES, modules.INTEL)):
        config += MODULE.format(index=index, name=module)
    (place / "dkms.conf").write_text(config)
    return place
