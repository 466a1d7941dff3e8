# SPDX-License-Identifier: MIT
"""The lab: KVM on an emulated machine that counts instructions."""

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)

Kernel = Annotated[
    str, typer.Option(metavar="KERNEL", help="debian:6.1, tree:DIR@REF: docs/kernels.md.")
]
Variant = Annotated[str, typer.Option("--kvm", metavar="VARIANT", help="The KVM modules.")]
Machine = Annotated[str, typer.Option(metavar="MACHINE", help="svm (QEMU) or vmx (Bochs).")]


@app.command()
def build(
    kernel: Kernel = "6.1",
    machine: Machine = "svm",
    update: Annotated[
        bool, typer.Option("--update", help="Take the archive's newest version.")
    ] = False,
) -> None:
    """Fetch a kernel, boot it, load KVM; keep a snapshot of each.

    What is cached is not done again. For the machine vmx, Bochs is built from source first.

    Example: kbench lab build --kernel 6.12
    """
    from kbench.session import lab

    lab.build(kernel, machine, update=update)


@app.command()
def info(kernel: Kernel = "6.1", machine: Machine = "svm") -> None:
    """Show kernel, machine, and what the cache holds and weighs.

    Example: kbench lab info
    """
    from kbench.present.output import terminal_width
    from kbench.session import lab

    print(lab.info(kernel, machine, terminal_width()), end="")


@app.command()
def verify(
    selectors: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SELECTOR]...", help="Families, names or globs; default: all."),
    ] = None,
    kernel: Kernel = "6.1",
    kvm: Variant = "stock",
    machine: Machine = "svm",
) -> None:
    """Measure four times, three under disturbance: do counts repeat?

    Alone; two labs side by side; in another order; with nproc + 1 CPU hogs running on the
    host. Exit code 0 if all histograms are equal bit for bit, 1 if any differs.

    Example: kbench lab verify exit.pio_out floor
    """
    from kbench.present.output import terminal_width
    from kbench.session import lab

    text, exact = lab.check(selectors or (), kernel, kvm, machine, terminal_width())
    print(text, end="")
    raise typer.Exit(0 if exact else 1)


@app.command()
def shell(kernel: Kernel = "6.1", kvm: Variant = "stock") -> None:
    """Open a Python console in the lab.

    KVM is loaded and kbench can be imported. `exit()` ends it, Ctrl-A X ends QEMU.

    Example: kbench lab shell
    """
    from kbench.lab import labs, shell
    from kbench.session.progress import say

    shell.run(labs.prepare(kernel, kvm, say))


@app.command()
def clean(
    kernels: Annotated[
        bool, typer.Option("--kernels", help="Kernel packages and built modules too.")
    ] = False,
) -> None:
    """Remove the snapshots from the cache.

    Example: kbench lab clean --kernels
    """
    from kbench.session import lab

    lab.clean(kernels=kernels)
