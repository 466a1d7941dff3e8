# SPDX-License-Identifier: MIT
"""The KVM extension: build, show and carry variants of KVM.

Nothing here loads a module on this machine.
"""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)
live = typer.Typer(no_args_is_help=True)
app.add_typer(live, name="live", help="The module for an unmodified distribution kernel.")

Kernel = Annotated[
    str, typer.Option(metavar="KERNEL", help="debian:6.1, tree:DIR@REF: docs/kernels.md.")
]
Variant = Annotated[str, typer.Option(metavar="NAME", help="One that kbench kvm info lists.")]


@app.command()
def build(
    variant: Variant = "stock",
    kernel: Annotated[
        str | None,
        typer.Option(metavar="KERNEL", help="6.1 by default, or that of a git tree --source."),
    ] = None,
    source: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Build the KVM of this kernel tree instead.")
    ] = None,
    patch: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Apply this unified diff first; repeatable."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="What to call it, with --patch or --source.")
    ] = None,
) -> None:
    """Build kvm.ko, kvm-amd.ko and kvm-intel.ko for a kernel.

    They are built against its headers: those of its Debian package, or of its build. A git tree
    --source is built for the kernel of its own last commit, unless --kernel names another,
    so that versions need not match. The first line of the output
    names what was built, for kbench run --kvm NAME; kbench kvm info lists it.

    Example: kbench kvm build --variant all --kernel 6.1
    """
    from kbench.session import kvm

    for line in kvm.build(variant, kernel, source, patch or (), name):
        print(line, flush=True)


@app.command()
def diff(variant: Variant = "all", kernel: Kernel = "6.1") -> None:
    """Print what a variant changes in KVM's sources, as a unified diff.

    userspace_exits (M1) and vcpu_poll (M8) are printed as a series in upstream's form, in mails for
    git am, each with its message and what it costs.

    Example: kbench kvm diff --variant userspace_exits --kernel 6.12 | less
    """
    from kbench.session import kvm

    print(kvm.diff(variant, kernel), end="")


@app.command("hooks")
def hooks_(kernel: Kernel = "6.1") -> None:
    """List which hooks land in a kernel.

    Exit code 1 when one of them does not.

    Example: kbench kvm hooks --kernel tree:~/linux@v6.13
    """
    import tempfile

    from kbench.kernels import find
    from kbench.kmod import hooks, sources
    from kbench.session.progress import say

    tree = find.find(kernel, say).tree(say)
    with tempfile.TemporaryDirectory(prefix="kbench-kvm-") as scratch:
        sources.copy(sources.pristine(tree, say), Path(scratch))
        found = hooks.landings(Path(scratch))
    for landing in found:
        typer.echo(landing)
    missed = sum(landing.missed for landing in found)
    typer.echo(f"{len(found) - missed} of {len(found)} land in {tree.kernel.version}")
    raise typer.Exit(1 if missed else 0)


@app.command()
def info() -> None:
    """List the mechanisms, and the variants made of them.

    Example: kbench kvm info
    """
    from kbench.present.output import terminal_width
    from kbench.session import kvm

    print(kvm.info(terminal_width()), end="")


@live.command("build")
def live_build(kernel: Kernel = "6.1") -> None:
    """Build the live module for a kernel; see docs/extension.md.

    Example: kbench kvm live build --kernel 6.12
    """
    from kbench.session import kvm

    print(kvm.live_module(kernel))


@app.command()
def dkms(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where to put the source directory.")
    ],
    variant: Variant = "all",
    kernel: Kernel = "6.1",
) -> None:
    """Write a DKMS source directory of a variant.

    Example: kbench kvm dkms kbench-dkms --variant all
    """
    from kbench.session import kvm

    print(kvm.dkms_source(directory, variant, kernel))
