# SPDX-License-Identifier: MIT
"""kbench run"""

from pathlib import Path
from typing import Annotated

import typer

from kbench.cli._forms import Cluster, HostName
from kbench.cli._forms import selectors as selector_names

# What typer does not know here is pyperf's: both kinds of words end up in `words`.
CONTEXT = {"ignore_unknown_options": True}


def command(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SELECTOR... [PYPERF OPTION]...",
            autocompletion=selector_names,
            help="Families, names, globs or a selection; any option of pyperf's Runner.",
        ),
    ] = None,
    target: Annotated[
        str, typer.Option(metavar="TARGET", help="auto, host, lab or both.")
    ] = "auto",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="The suite (pyperf JSON).")
    ] = None,
    append: Annotated[
        bool, typer.Option("--append", help="Add the runs to an existing suite.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing suite.")] = False,
    fast: Annotated[bool, typer.Option("--fast", help="Rough answers quickly.")] = False,
    rigorous: Annotated[bool, typer.Option("--rigorous", help="Twice the processes.")] = False,
    processes: Annotated[
        int,
        typer.Option("-p", "--processes", min=1, metavar="N", help="Workers, one run each."),
    ] = 6,
    cpu: Annotated[
        str | None, typer.Option(metavar="N", help="Run workers on these CPUs: 1 or 2-3.")
    ] = None,
    kvm: Annotated[
        str | None, typer.Option(metavar="VARIANT", help="Lab: the KVM modules (kbench kvm info).")
    ] = None,
    kernel: Annotated[
        str | None,
        typer.Option(metavar="KERNEL", help="Lab: debian:6.1, tree:DIR@REF: docs/kernels.md."),
    ] = None,
    machine: Annotated[
        str | None, typer.Option(metavar="MACHINE", help="Lab: svm (QEMU) or vmx (Bochs).")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Lab: store each count's functions in its run.")
    ] = False,
    limit: Annotated[
        float, typer.Option(min=0.01, metavar="SECONDS", help="Limit of a KVM_RUN.")
    ] = 5.0,
    wait: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="Wait so long for another kbench.")
    ] = 0.0,
    stop_above: Annotated[
        str | None,
        typer.Option(
            "--stop-above",
            metavar="TIME",
            help="End at the first round trip beyond 50us (lab: 3100 instructions).",
        ),
    ] = None,
    vcpus: Annotated[
        str | None, typer.Option(metavar="N,...", help="Numbers of vCPUs of idle guests: 1,2,4.")
    ] = None,
    own_pcpu: Annotated[
        bool, typer.Option("--own-pcpu", help="Idle guests: each vCPU has its own pCPU.")
    ] = False,
    cluster: Cluster = None,
    host: HostName = None,
) -> None:
    """Measure benchmarks, show them, and keep the runs in a suite.

    Each run is one pyperf worker process; the suite on disk is complete after each. Without
    -o it is kbench-DATE.json in the current directory.

    Target auto is the host if /dev/kvm works here, else the lab, which counts instructions.
    Target both writes a suite for each, NAME-host.json and NAME-lab.json. So does auto for the
    selection rfc (every idle policy: wakeup latency, pCPU cost, work left for the VMM), with
    the whole extension in the lab's KVM.

    With --cluster the lab's benchmarks are shared out over the machines of a fleet, or each
    machine's host is measured into a suite NAME-HOST.json.

    --stop-above catches an outlier: the session ends at the first round trip beyond the limit,
    and its run holds what the thread and the kernel did meanwhile (docs/outliers.md).

    Example: kbench run exit floor --fast -o a.json
    """
    from kbench.session.choose import Choice
    from kbench.session.options import parse
    from kbench.session.run import Output, run

    words = words or []
    if append and output is None:
        # pyperf's own form is --append FILE.
        output = next((Path(word) for word in words if word.endswith(".json")), None)
        words = [word for word in words if output is None or word != str(output)]
    options = [f"--processes={processes}", *(["--fast"] * fast), *(["--rigorous"] * rigorous)]
    options += [] if cpu is None else [f"--affinity={cpu}"]
    run(
        parse([*options, *words], limit, wait),
        Choice(target, kvm, kernel, explain, cluster, host, machine),
        Output(output, append, force),
        vcpus,
        own_pcpu=own_pcpu,
        stop=stop_above,
    )
