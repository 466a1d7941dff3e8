# SPDX-License-Identifier: MIT
"""The names of KVM's capabilities and exits, as the kernel headers of the build had them."""

from kbench._abi import lib

CAPABILITIES: dict[str, int] = {
    name: getattr(lib, name) for name in sorted(dir(lib)) if name.startswith("KVM_CAP_")
}
_EXITS = {name for name in dir(lib) if name.startswith("KVM_EXIT_")}
EXIT_REASONS: dict[int, str] = {
    getattr(lib, name): name
    for name in _EXITS
    # KVM_EXIT_IO_OUT is no reason but a value of a field of KVM_EXIT_IO.
    if not any(name.startswith(f"{other}_") for other in _EXITS)
}


def exit_name(reason: int) -> str:
    """`KVM_EXIT_IO (2)`; an unknown reason is its number."""
    name = EXIT_REASONS.get(reason)
    return f"{name} ({reason})" if name else f"exit reason {reason}"
