# SPDX-License-Identifier: MIT
"""The percentile text (.hgrm) is HdrHistogram's own: as Java's library writes it."""

from pathlib import Path

from support.suites import host_run, write

from kbench.present.hdr import export


def test_levels_counts_and_footer(tmp_path: Path) -> None:
    suite = write(tmp_path / "a.json", {"exit.a": [host_run(6e-6)]})
    export(suite, "exit.a", tmp_path / "a.hgrm", force=False)
    head, blank, *rows = (tmp_path / "a.hgrm").read_text().splitlines()
    assert head == "       Value     Percentile TotalCount 1/(1-Percentile)" and not blank
    cells = [row.split() for row in rows if not row.startswith("#")]
    levels = [float(cell[1]) for cell in cells]
    assert {0.0, 0.1, 0.5, 0.55, 0.75, 0.775, 1.0} <= set(levels)
    assert levels == sorted(levels)
    for value, level, count, *rest in cells:
        assert int(count) >= float(level) * 200  # the value of a level has so many at or below it
        assert 3 < float(value) < 12  # us
        assert not rest or abs(float(rest[0]) - 1 / (1 - float(level))) < 0.01
    assert cells[-1][1:] == ["1.000000000000", "200"]
    mean, most, buckets = (row for row in rows if row.startswith("#"))
    deviation = float(mean.rpartition("=")[2].strip(" ]"))
    assert 0.2 < deviation < 0.5, "5 % of 6 us: in us, as the mean is"
    assert most.endswith("Total count    =          200]")
    assert buckets == "#[Buckets =           26, SubBuckets     =         2048]"
