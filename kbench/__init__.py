# SPDX-License-Identifier: MIT
"""kbench: what an idle or exiting KVM vCPU costs.

For notebooks and scripts: load(), run(), compare() and to_dataframe() of kbench.api.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kbench.api import compare, load, run, to_dataframe

__version__ = "0.2.0"
__all__ = ["__version__", "compare", "load", "run", "to_dataframe"]


def __getattr__(name: str) -> Any:
    # What measures imports this package too, and must stay light.
    if name not in __all__:
        raise AttributeError(f"module 'kbench' has no attribute {name!r}")
    from kbench import api

    return getattr(api, name)
