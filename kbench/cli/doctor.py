# SPDX-License-Identifier: MIT
"""kbench doctor"""

from kbench.cli._forms import Force, Listing, ListOutputs


def command(
    form: Listing = None,
    output: ListOutputs = None,
    force: Force = False,
) -> None:
    """Say what this machine can measure, and what will disturb it.

    Each disturbance comes with its fix; doctor itself changes nothing, and its exit code is 0
    even where something disturbs.

    Example: kbench doctor
    """
    from kbench.doctor.text import makers
    from kbench.present.output import emit, terminal_width

    emit(makers(terminal_width()), form, output or (), force=force)
