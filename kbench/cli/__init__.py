# SPDX-License-Identifier: MIT
"""The commands of kbench: one module each, found here without a list.

A module `kbench.cli.NAME` that defines `command` becomes `kbench NAME`, and one
that defines `app` (a typer.Typer) becomes the command group `kbench NAME`; the
docstring is the help text either way.
"""

import importlib
import pkgutil
import signal
import sys
from types import FrameType
from typing import Annotated

import typer

import kbench
from kbench.errors import KbenchError


def build() -> typer.Typer:
    """The typer application with every command module of this package."""
    app = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_root)
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda info: info.name):
        if info.name.startswith("_"):
            continue
        module = importlib.import_module(f"{__name__}.{info.name}")
        name = info.name.rstrip("_")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name, help=module.__doc__)
        else:
            settings = getattr(module, "CONTEXT", None)
            app.command(name, context_settings=settings)(module.command)
    return app


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(kbench.__version__)
        raise typer.Exit


def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and exit.", callback=_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Measure what an idle or exiting KVM vCPU costs.

    Example: kbench run exit floor --fast -o a.json && kbench show a.json
    """


def _terminate(number: int, frame: FrameType | None) -> None:
    """SIGTERM ends kbench as Ctrl-C does, with nothing left behind."""
    sys.exit(128 + number)


def main() -> None:
    """Run the command line; a KbenchError becomes one line on stderr and its exit code."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        build()()
    except KbenchError as error:
        print(f"kbench: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("kbench: interrupted", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        # The reader of a pipe (head, less) has gone: not an error of kbench's.
        sys.stderr.close()
        sys.exit(141)
