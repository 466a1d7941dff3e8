# SPDX-License-Identifier: MIT
"""Series in upstream's form: where an edit goes, what it is made of, what a mail says it costs."""

import json
from pathlib import Path
from typing import Any

import pytest

from kbench.kernels.errors import KernelError
from kbench.kmod import mail, series, variants
from kbench.kmod.series import Edit, Patch

FILE = "core.c"
TEXT = """\
#define ONE 1
#define TWO 7

/* About one. */
static int one(void)
{
	return 0;
}
/* About two,
 * at length. */
int two(struct kvm *kvm,
	int more)
{
	return 0;
}
"""


def edited(tmp_path: Path, **fields: Any) -> str:
    (tmp_path / FILE).write_text(TEXT)
    Patch("", "", (Edit(**{"file": FILE, "text": "NEW\n", **fields}),)).apply(tmp_path)
    return (tmp_path / FILE).read_text()


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"line": "#define ONE 1"}, "#define ONE 1\nNEW\n#define TWO"),
        ({"line": "#define ONE 1", "place": "before"}, "NEW\n#define ONE 1"),
        ({"line": r"#define \w+ \d", "which": "last"}, "TWO 7\nNEW\n"),
        ({"line": "return 0;", "within": "two"}, "more)\n{\n\treturn 0;\nNEW\n}"),
        ({"line": r"return (\d);", "within": "one", "place": "instead", "text": "\tx({1});\n"},
         "one(void)\n{\n\tx(0);\n}"),
        ({"line": r"static int one\(void\)", "place": "above"}, "7\n\nNEW\n/* About one. */\n"),
        ({"line": r"int two\(struct kvm \*kvm,", "place": "above"}, "}\n\nNEW\n/* About two,\n"),
        ({"line": "#define ONE 1", "number": r"#define \w+ (\d)", "text": "#define NEW {number}\n"},
         "#define NEW 8\n"),
    ],
)  # fmt: skip
def test_where_an_edit_goes(tmp_path: Path, fields: dict[str, str], found: str) -> None:
    assert found in edited(tmp_path, **fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"line": "return 0;"}, "core.c has 2 lines 'return 0;', not one"),
        ({"line": "return 1;", "within": "one"}, "core.c has 0 lines 'return 1;' in one, not one"),
        ({"line": "return 0;", "within": "three"}, "core.c has no three"),
    ],
)
def test_edit_without_its_place(tmp_path: Path, fields: dict[str, str], message: str) -> None:
    with pytest.raises(KernelError, match=message):
        edited(tmp_path, **fields)


def test_the_logic_is_the_extensions() -> None:
    """The decision about a HLT, word by word but for the names."""
    first = series.patches("userspace_exits")[0]
    text = "".join(edit.text for edit in first.edits)
    own = (variants.directory() / "src" / "userspace_exits.h").read_text()
    body = own.partition("static inline bool kbench_exit_on_halt")[2].partition("\n}")[0]
    renamed = body.replace("kbench_wants_exit", "kvm_wants_idle_exit")
    renamed = renamed.replace("KVM_KBENCH_EXIT_HLT", "KVM_IDLE_EXIT_HLT")
    renamed = renamed.replace("kbench_mp_state", "kvm_next_mp_state")
    assert renamed.replace("kbench_", "kvm_") in text
    assert "kbench" not in text


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A series of one patch, in a directory of its own."""
    for name in ("src", "upstream"):
        (tmp_path / name).mkdir()
    (tmp_path / "src" / "one.h").write_text("static bool kbench_one(void)\n{\n\treturn true;\n}\n")
    monkeypatch.setattr(variants, "directory", lambda: tmp_path)
    return tmp_path


SERIES = """\
[words]
'kbench_one' = "kvm_one"
[[patch]]
subject = "Add one"
message = "Why."
[[patch.edit]]
file = "new.h"
text = "@one.h kbench_one@\\n"
"""


def test_new_file_of_taken_logic(copied: Path, tmp_path: Path) -> None:
    (copied / "upstream" / "one.toml").write_text(SERIES)
    (patch,) = series.patches("one")
    patch.apply(tmp_path)
    assert (tmp_path / "new.h").read_text() == "static bool kvm_one(void)\n{\n\treturn true;\n}\n"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "one.h kbench_one",
            "one.h kbench_two",
            r"one.h of the extension has no .* kbench_two\(\)",
        ),
        ("'kbench_one' =", "'kbench_gone' =", "has nothing that one.toml calls {'kbench_gone'}"),
    ],
)
def test_logic_that_is_gone(copied: Path, old: str, new: str, message: str) -> None:
    (copied / "upstream" / "one.toml").write_text(SERIES.replace(old, new))
    with pytest.raises(KernelError, match=message):
        series.patches("one")


def test_cost_is_that_of_the_patch(copied: Path) -> None:
    (copied / "upstream" / "one.toml").write_text(SERIES)
    steps = [dict.fromkeys(mail.EXITS, count) for count in (3000, 3007)]
    known = {"digest": mail.digest("one"), "counts": {"6.1.1": steps, "6.12.1": steps[:1] * 2}}
    costs = copied / "upstream" / mail.COSTS
    costs.write_text(json.dumps({"one": known}))
    assert "on 6.1.1 (exact" in mail.cost("one", 1, "6.1.1")
    assert "  3000 -> 3007 a PIO exit\n" in mail.cost("one", 1, "6.1.1")
    assert "on 6.12.1 (exact" in mail.cost("one", 1, "7.3.4")
    costs.write_text(json.dumps({"one": {**known, "digest": "of another"}}))
    assert mail.cost("one", 1, "6.1.1") == "Cost: not measured since the series has changed.\n"


@pytest.mark.parametrize("mechanism", series.names())
def test_stored_costs_are_those_of_the_series(mechanism: str) -> None:
    """`tests/ext/kvm/table.py series` measures them anew."""
    stored = json.loads((variants.directory() / "upstream" / mail.COSTS).read_text())[mechanism]
    assert stored["digest"] == mail.digest(mechanism)
    steps = len(series.patches(mechanism)) + 1
    assert {len(counts) for counts in stored["counts"].values()} == {steps}


def test_a_mechanisms_number_is_a_name() -> None:
    assert variants.named("M1").name == "userspace_exits"
    assert variants.named("all").name == "all"
    with pytest.raises(KernelError, match="no KVM variant 'M10'"):
        variants.named("M10")
