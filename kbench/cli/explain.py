# SPDX-License-Identifier: MIT
"""`kbench explain`: every instruction of an event in the lab, by function."""

from typing import Annotated

import typer

from kbench.cli._forms import Force, ListForm, ListOutputs


def command(
    benchmark: Annotated[str, typer.Argument(help="A benchmark that the lab measures.")],
    kvm: Annotated[
        str, typer.Option(metavar="VARIANT", help="The KVM modules (kbench kvm info).")
    ] = "stock",
    kernel: Annotated[str, typer.Option(help="As for kbench run.")] = "6.1",
    stage: Annotated[str, typer.Option(help="Explain this stage of its path.")] = "",
    event: Annotated[
        str, typer.Option(metavar="min|p50|max|N", help="Which event of the window.")
    ] = "p50",
    depth: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Cut the tree below N calls.")
    ] = None,
    least: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Show calls of N instructions (1 %)."),
    ] = None,
    form: Annotated[ListForm | None, typer.Option("--format", help="What to print.")] = None,
    output: ListOutputs = None,
    force: Force = False,
) -> None:
    """Show which functions an exact count is made of.

    The tree of calls of one event in the lab: its instructions by function, from one reading
    of the clock to the other. They add up to the recorded count, or the command fails. A
    count is instructions, not time.

    Example: kbench explain exit.pio_out --kvm all --kernel 6.12
    """
    from kbench.explain.explain import EventChoice
    from kbench.present.explanation import makers
    from kbench.present.output import emit, terminal_width
    from kbench.session.explain import explain

    found = explain(benchmark, kernel, kvm, EventChoice(stage, event))
    forms = makers(found, terminal_width(), least, depth)
    emit(forms, form, output or (), force=force)
