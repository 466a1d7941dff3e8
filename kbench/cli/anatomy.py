# SPDX-License-Identifier: MIT
"""`kbench anatomy`: what exits are made of, as a page."""

from pathlib import Path
from typing import Annotated

import typer

from kbench.cli._forms import Force


def command(
    benchmarks: Annotated[
        list[str] | None, typer.Argument(metavar="[BENCHMARK]...", help="Default: ten exits.")
    ] = None,
    kernel: Annotated[
        list[str] | None, typer.Option(metavar="KERNEL", help="Repeatable. [default: 6.1]")
    ] = None,
    kvm: Annotated[
        list[str] | None, typer.Option(metavar="VARIANT", help="Repeatable. [default: stock]")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="FILE.md.")
    ] = None,
    force: Force = False,
) -> None:
    """Show the parts that exits are made of.

    System call, LSM hook, FPU swap, world switch, handler and the rest, exactly, on each
    kernel; by function what differs from the first kernel, and what variants of KVM add.

    Example: kbench anatomy --kernel 6.1 --kernel 6.12 --kvm stock --kvm all -o anatomy.md
    """
    from kbench.present.anatomy import page
    from kbench.present.output import emit
    from kbench.session.anatomy import dissect

    found = dissect(kernel or ("6.1",), kvm or ("stock",), benchmarks or ())
    forms = {"md": lambda: page([side.explanations for side in found])}
    emit(forms, None, [output] if output else (), force=force)
