# SPDX-License-Identifier: MIT
"""The lab: KVM on an emulated machine that counts instructions exactly.

Example: kbench lab build && kbench run exit --target lab && kbench lab verify
"""

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)

Kernel = Annotated[str, typer.Option(help="debian:6.1 (or 6.1), debian:6.12 ...")]
Variant = Annotated[str, typer.Option("--kvm", help="Variant of the KVM modules.")]


@app.command()
def build(
    kernel: Kernel = "6.1",
    update: Annotated[
        bool, typer.Option("--update", help="Take the archive's newest version.")
    ] = False,
) -> None:
    """Fetch the kernel, boot it, load KVM, and keep the snapshot of each step.

    What is cached is not done again. Example: kbench lab build --kernel 6.12
    """
    from kbench.cli import _lab

    _lab.build(kernel, update)


@app.command()
def info(kernel: Kernel = "6.1") -> None:
    """Show the kernel, QEMU, and what the cache holds and weighs. Example: kbench lab info"""
    from kbench.cli import _lab

    _lab.info(kernel)


@app.command()
def verify(
    selectors: Annotated[
        list[str] | None, typer.Argument(help="Families, names or globs; all without one.")
    ] = None,
    kernel: Kernel = "6.1",
    kvm: Variant = "stock",
) -> None:
    """Measure four times, disturbed in different ways, and compare whole histograms.

    Exit code 0 when everything is equal bit for bit, 1 when anything differs.
    Example: kbench lab verify exit.pio_out floor
    """
    from kbench.cli import _lab

    raise typer.Exit(_lab.verify(selectors or [], kernel, kvm))


@app.command()
def shell(kernel: Kernel = "6.1", kvm: Variant = "stock") -> None:
    """A Python console in the lab, with KVM loaded and kbench importable, for debugging.

    `exit()` ends it, Ctrl-A X ends QEMU. Example: kbench lab shell
    """
    from kbench.cli import _lab

    _lab.shell(kernel, kvm)


@app.command()
def clean(
    kernels: Annotated[
        bool, typer.Option("--kernels", help="Kernels and built modules too.")
    ] = False,
) -> None:
    """Remove the snapshots from the cache. Example: kbench lab clean --kernels"""
    from kbench.cli import _lab

    _lab.clean(kernels)
