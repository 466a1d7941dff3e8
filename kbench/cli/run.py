# SPDX-License-Identifier: MIT
"""kbench run"""

from pathlib import Path
from typing import Annotated

import typer

# What typer does not know here is pyperf's: both kinds of words end up in `words`.
CONTEXT = {"ignore_unknown_options": True}


def command(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SELECTOR]... [PYPERF OPTION]...",
            help="Families, names or globs (all without one), and any option of pyperf's Runner.",
        ),
    ] = None,
    target: Annotated[str, typer.Option(help="auto, host, lab or both.")] = "auto",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The suite to write (pyperf JSON).")
    ] = None,
    append: Annotated[
        bool, typer.Option("--append", help="Add the runs to an existing suite.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing suite.")] = False,
    fast: Annotated[bool, typer.Option("--fast", help="Rough answers quickly.")] = False,
    rigorous: Annotated[bool, typer.Option("--rigorous", help="Twice the processes.")] = False,
    processes: Annotated[
        int, typer.Option("-p", "--processes", min=1, help="Worker processes, one run each.")
    ] = 6,
    pin: Annotated[
        str | None, typer.Option(help="CPU(s) to pin the vCPU's thread to, e.g. 1 or 2-3.")
    ] = None,
    kvm: Annotated[
        str | None, typer.Option("--kvm", help="Lab: variant of the KVM modules (kbench kvm info).")
    ] = None,
    kernel: Annotated[str | None, typer.Option(help="Lab: kernel pin, 6.1 or 6.12.")] = None,
    limit: Annotated[float, typer.Option(min=0.01, help="Seconds a KVM_RUN may take.")] = 5.0,
    vcpus: Annotated[
        str | None, typer.Option(help="Families idle, work, hunt: numbers of vCPUs, e.g. 1,2,4.")
    ] = None,
    pinned: Annotated[
        bool, typer.Option("--pinned", help="With --vcpus: a pCPU for each vCPU.")
    ] = False,
) -> None:
    """Measure benchmarks, show them, and keep the runs in a suite.

    Each run is one pyperf worker process; after each the suite on disk is complete.
    Without -o the suite goes to kbench-DATE.json in the current directory. Target auto is
    the host where its /dev/kvm works and else the lab, whose unit is instructions. Target
    both writes a suite for each, NAME-host.json and NAME-lab.json; so does auto for the
    selection rfc (every idle policy: how late it wakes, what it burns, what it leaves), for
    which the lab's KVM has the whole extension.

    Example: kbench run exit floor --fast -o a.json
    """
    from kbench.session import run

    if append and output is None:
        # pyperf's own form is --append FILE.
        output = next((Path(word) for word in words or [] if word.endswith(".json")), None)
        words = [word for word in words or [] if output is None or word != str(output)]
    options = [f"--processes={processes}", *(["--fast"] * fast), *(["--rigorous"] * rigorous)]
    if pin is not None:
        options.append(f"--affinity={pin}")
    sessions = run.sessions(words or [], target, kvm, kernel)
    for one in sessions:
        run.session(
            [*options, *(words or [])],
            target=one,
            output=run.named(output, one[0]) if len(sessions) > 1 else output,
            append=append,
            force=force,
            limit=limit,
            vcpus=vcpus,
            pinned=pinned,
        )
