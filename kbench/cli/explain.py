# SPDX-License-Identifier: MIT
"""`kbench explain`: every instruction of an event in the lab, by function."""

from pathlib import Path
from typing import Annotated

import typer

from kbench.cli._forms import ExplainForm, ForceAll, printed, written


def command(
    words: Annotated[
        list[str],
        typer.Argument(metavar="BENCHMARK | BASE HEAD", help="A benchmark, or two suites."),
    ],
    kvm: Annotated[
        str, typer.Option(metavar="VARIANT", help="The KVM modules (kbench kvm info).")
    ] = "stock",
    kernel: Annotated[str, typer.Option(metavar="KERNEL", help="As for kbench run.")] = "6.1",
    against: Annotated[
        str | None, typer.Option(metavar="SIDE", help="What differs on this variant or kernel.")
    ] = None,
    stage: Annotated[
        str, typer.Option(metavar="STAGE", help="Explain this stage of its path.")
    ] = "",
    event: Annotated[
        str, typer.Option(metavar="WHICH", help="min, p50, max, or N of the window.")
    ] = "p50",
    function: Annotated[
        str, typer.Option(metavar="NAME", help="List its executed instructions instead.")
    ] = "",
    depth: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Cut the tree below N calls.")
    ] = None,
    least: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Show calls of N instructions (1 %).")
    ] = None,
    form: Annotated[ExplainForm | None, printed(ExplainForm)] = None,
    output: Annotated[list[Path] | None, written("FILE.html, .folded, .json ...")] = None,
    force: ForceAll = False,
) -> None:
    """Show which functions an exact count is made of.

    The tree of calls of one event in the lab: its instructions by function, from one reading
    of the clock to the other. They add up to the recorded count, or the command fails.
    --against shows what differs on another KVM variant, or on another kernel (debian:6.12),
    and two suites that were measured with run --explain show what they have stored.

    Example: kbench explain exit.pio_out --kvm stock --against all
    """
    from kbench.errors import KbenchError
    from kbench.explain.explain import EventChoice
    from kbench.present.output import emit, terminal_width
    from kbench.session import explain as session
    from kbench.session.ab.lab import LabSide

    width = terminal_width()
    side, choice = LabSide(kvm, kernel, kvm), EventChoice(stage, event, function)
    if session.suites(words):
        from kbench.present.difference import stored_makers

        if against or (side, choice) != (LabSide("stock"), EventChoice()):
            raise KbenchError("two suites have stored what they show: leave out what to explain")
        forms = stored_makers(session.stored_differences(*words, force=force), width)
    elif function:
        from kbench.present.instructions import makers as listings

        if against:
            raise KbenchError("--function lists one side: leave out --against")
        forms = listings(session.explain(words[0], side, choice), width)
    elif against is None:
        from kbench.present.explanation import makers
        from kbench.report.render.explanation import page

        found = session.explain(words[0], side, choice)
        forms = {**makers(found, width, least, depth), "html": lambda: page(found)}
    else:
        from kbench.present.difference import makers as differences
        from kbench.report.render.explanation import two_sided

        other = session.other_side(side, against)
        base, head = (session.explain(words[0], each, choice) for each in (side, other))
        forms = {**differences(base, head, width), "html": lambda: two_sided(base, head)}
    if form and form not in forms:
        raise KbenchError(f"there is no form {form} here: it is {', '.join(forms)}")
    emit(forms, form, output or (), force=force)
