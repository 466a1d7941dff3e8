# SPDX-License-Identifier: MIT
from typing import Any, cast

import pytest

from kbench.errors import Unavailable
from kbench.worker.vm import features


def test_one_pause_makes_no_exit_on_vmx(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its row would run into its limit of time: said before anything is enabled."""
    monkeypatch.setattr(features, "vendor_module", lambda: "kvm_intel")
    with pytest.raises(Unavailable, match="loop of PAUSE"):
        features.FEATURES["exit_pause"].after(cast(Any, None))
