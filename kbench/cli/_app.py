# SPDX-License-Identifier: MIT
"""The application: the commands of kbench, one module each, found here without a list.

A module `kbench.cli.NAME` that defines `command` becomes `kbench NAME`, and one
that defines `app` (a typer.Typer) becomes the command group `kbench NAME`; the
docstring is the help text either way.
"""

import importlib
import os
import pkgutil
import sys
from importlib import resources
from typing import Annotated

import typer

import kbench
from kbench import cli
from kbench.cli._exit import UNUSABLE

# What typer raises for wrong arguments: click's own class, or that of typer's copy of click.
USAGE: type[Exception] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)


def build() -> typer.Typer:
    """The typer application with every command module of this package."""
    app = typer.Typer(
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_root)
    for info in sorted(pkgutil.iter_modules(cli.__path__), key=lambda info: info.name):
        if info.name.startswith("_"):
            continue
        module = importlib.import_module(f"{cli.__name__}.{info.name}")
        name = info.name.rstrip("_")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name, help=module.__doc__)
        else:
            settings = getattr(module, "CONTEXT", None)
            app.command(name, context_settings=settings)(module.command)
    return app


def _version(wanted: bool) -> None:
    if wanted:
        from kbench.kvm.backend import detect

        file = resources.files("kbench") / "commit.txt"
        commit = file.read_text().strip() if file.is_file() else "unknown"
        typer.echo(f"kbench {kbench.__version__}, commit {commit}, backend {detect()}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print version, commit and backend.", callback=_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Measure what an idle or exiting KVM vCPU costs.

    Example: kbench run exit floor --fast -o a.json && kbench show a.json
    """


def run() -> int:
    """Run the command line and return what it ends with."""
    if "_KBENCH_COMPLETE" in os.environ:  # a shell asks what may come next
        typer.main.get_command(build()).main(prog_name="kbench")
    # Not by typer's main(): that ends with 1, a verdict, where the output's reader has gone.
    try:
        command = typer.main.get_command(build())
        with command.make_context("kbench", sys.argv[1:]) as context:
            command.invoke(context)
    except typer.Exit as ended:
        return ended.exit_code
    except typer.Abort:
        raise KeyboardInterrupt from None
    except USAGE as error:
        error.show()  # type: ignore[attr-defined]  # click's: the usage, and what was wrong
        return UNUSABLE
    return 0
