# SPDX-License-Identifier: MIT
"""The names of KVM's capabilities, as the kernel headers of the build had them."""

from kbench._abi import lib

CAPABILITIES: dict[str, int] = {
    name: getattr(lib, name) for name in sorted(dir(lib)) if name.startswith("KVM_CAP_")
}
EXIT_REASONS: dict[int, str] = {
    getattr(lib, name): name
    for name in sorted(dir(lib), reverse=True)
    if name.startswith("KVM_EXIT_") and name.count("_") <= 4 and "FLAG" not in name
}


def exit_name(reason: int) -> str:
    """`KVM_EXIT_IO (2)`; an unknown reason is its number."""
    name = EXIT_REASONS.get(reason)
    return f"{name} ({reason})" if name else f"exit reason {reason}"
