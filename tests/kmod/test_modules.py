# SPDX-License-Identifier: MIT
"""Building KVM out of tree: the tree, the hooks, and .text identical to the distribution's."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from support.cli import kbench
from support.kernels import FakeKernel

from kbench.kernels import cache, confine
from kbench.kernels.errors import KernelError
from kbench.kernels.kernel import KernelTree
from kbench.kmod import compiler, dkms, hooks, live, modules, sources, text, variants

needs_builder = pytest.mark.skipif(
    shutil.which("make") is None or shutil.which("spatch") is None,
    reason="needs make and coccinelle",
)


def needs_the_kernels_compiler(tree: KernelTree) -> None:
    """Skip where the compiler has the name of the kernel's and another version (Debian 13)."""
    here, kernels = compiler.version(tree.compiler), compiler.kernels_version(tree.headers)
    if here != kernels:
        pytest.skip(f"{here} compiles other code than the kernel's {kernels}")


def kernel(top: Path) -> Path:
    """A source tree with the least that copy() takes for KVM."""
    for name in ("arch/x86/kvm/x86.c", "virt/kvm/kvm_main.c", "include/uapi/linux/kvm.h"):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text("int one;\nint two;\nint three;\n")
    (top / "arch/x86/kvm/Makefile").write_text("include $(srctree)/virt/kvm/Makefile.kvm\n")
    (top / "mm").mkdir()
    (top / "mm/slab.c").write_text("int other;\n")
    return top


def test_copy_takes_kvms_part_only(tmp_path: Path) -> None:
    source = kernel(tmp_path / "source")
    into = tmp_path / "into"
    sources.copy(source, into)
    assert (into / "include/uapi/linux/kvm.h").is_file()
    assert not (into / "mm").exists()


def test_copy_refuses_what_is_no_kernel(tmp_path: Path) -> None:
    with pytest.raises(KernelError, match="is no kernel source"):
        sources.copy(tmp_path, tmp_path / "into")


def test_relocated_makefile_takes_nothing_from_the_kernels_tree(tmp_path: Path) -> None:
    source = kernel(tmp_path)
    sources.relocate(source)
    text = (source / sources.MAKEFILE).read_text()
    assert "$(srctree)" not in text
    assert "include $(KVMTOP)/virt/kvm/Makefile.kvm" in text


def test_patch_changes_the_tree(tmp_path: Path) -> None:
    source = kernel(tmp_path / "source")
    change = tmp_path / "change.diff"
    change.write_text(
        "--- a/virt/kvm/kvm_main.c\n+++ b/virt/kvm/kvm_main.c\n"
        "@@ -1,3 +1,3 @@\n int one;\n-int two;\n+int four;\n int three;\n"
    )
    sources.patch(source, [change])
    assert "int four;" in (source / "virt/kvm/kvm_main.c").read_text()
    with pytest.raises(KernelError, match="does not apply"):
        sources.patch(source, [change])


def test_patch_outside_kvm_is_refused(tmp_path: Path) -> None:
    source = kernel(tmp_path / "source")
    change = tmp_path / "change.diff"
    change.write_text("--- a/mm/slab.c\n+++ b/mm/slab.c\n@@ -1 +1 @@\n-int other;\n+int x;\n")
    with pytest.raises(KernelError, match="is not part of the KVM modules"):
        sources.patch(source, [change])


def test_a_hook_that_does_not_land_is_an_error(tmp_path: Path) -> None:
    if shutil.which("spatch") is None:
        pytest.skip("coccinelle is not installed")
    source = kernel(tmp_path)
    for name in variants.hooks():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("int one;\n")
    with pytest.raises(KernelError, match=r"landed 0 times, not 1: \w+\(\) in arch/x86/kvm/x86\.c"):
        hooks.apply(source, variants.variant("all"))


def test_without_coccinelle(tmp_path: Path, programs: Path) -> None:
    with pytest.raises(KernelError, match=r"spatch is not installed: .* coccinelle"):
        hooks.apply(kernel(tmp_path), variants.variant("all"))


def test_a_hooks_function_is_read_from_its_rule() -> None:
    """The report of a hook that does not land says what to look at in the kernel."""
    named = {
        hook: hooks.function(rules.read_text(), hook)
        for rules in variants.hooks().values()
        for hook in hooks.expected(rules)
    }
    assert named["kvm_kbench_mwait"] == "kvm_emulate_mwait"
    assert named["svm_kbench_entry"] == "svm_prepare_switch_to_guest"
    assert not any(function for hook, function in named.items() if hook.startswith("kbench/"))


def test_every_hook_is_wanted_somewhere() -> None:
    wanted = [hook for rules in variants.hooks().values() for hook in hooks.expected(rules)]
    assert "kvm_kbench_mwait" in wanted
    assert "svm_kbench_entry" in wanted


def test_variants_answer_their_mechanisms_bits() -> None:
    assert variants.variant("stock").bits == 0
    assert variants.variant("userspace_exits").bits == 1
    assert variants.variant("vcpu_poll").bits == 0x480
    assert variants.variant("all").bits == 0x5FF
    with pytest.raises(KernelError, match="no KVM variant 'none': known are stock"):
        variants.variant("none")


def test_every_mechanisms_sources_exist() -> None:
    names = {path.name for path in variants.sources()}
    for mechanism in variants.mechanisms():
        assert set(mechanism.sources) <= names, mechanism


def test_diff_shows_changed_and_new_files(tmp_path: Path) -> None:
    before, after = kernel(tmp_path / "a"), kernel(tmp_path / "b")
    (after / "virt/kvm/kvm_main.c").write_text("int one;\nint four;\nint three;\n")
    (after / "virt/kvm/new.c").write_text("int five;\n")
    text = hooks.diff(before, after)
    assert "-int two;\n+int four;\n" in text
    assert "--- /dev/null\n+++ b/virt/kvm/new.c\n" in text


def test_text_of_what_is_no_module(tmp_path: Path) -> None:
    path = tmp_path / "x.ko"
    path.write_bytes(b"no ELF")
    with pytest.raises(KernelError, match="is not a 64-bit module"):
        text.text(path)


def test_live_module_shares_the_uapi() -> None:
    files = live.files()
    assert b"kvm-kbench-live-y := fops.o kvm_kbench_live.o svm.o" in files["Makefile"]
    assert "kvm_kbench.h" in files
    assert "run_bytes.h" in files


@pytest.mark.lab
@needs_builder
@pytest.mark.parametrize("kernel", ["6.1", pytest.param("6.12", marks=pytest.mark.test_kvm)])
def test_stock_has_the_distributions_text(kernel: str) -> None:
    from kbench.kernels import find
    from kbench.kmod import modules, recipes

    tree = find.find(kernel, print).tree(print)
    needs_the_kernels_compiler(tree)
    built = modules.build(tree, recipes.variant(tree, "stock", print), print)
    for name in modules.NAMES:
        assert text.identical(built.path(name), tree.kernel.module(name)), name


@pytest.mark.lab
@pytest.mark.test_kvm
@needs_builder
@pytest.mark.parametrize("kernel", ["6.1", "6.12"])
def test_stock_intel_has_the_distributions_text(kernel: str) -> None:
    from kbench.kernels import find
    from kbench.kmod import modules, recipes

    tree = find.find(kernel, print).tree(print)
    needs_the_kernels_compiler(tree)
    built = modules.build_intel(tree, recipes.variant(tree, "stock", print), print)
    assert text.identical(built, tree.kernel.module(modules.INTEL))


@pytest.mark.lab
@pytest.mark.test_kvm
@needs_builder
@pytest.mark.parametrize("kernel", ["6.1", "6.12"])
def test_intel_is_built_with_every_mechanism(kernel: str) -> None:
    """Built, not run: no VMX here."""
    from kbench.kernels import find
    from kbench.kmod import modules, recipes

    tree = find.find(kernel, print).tree(print)
    built = modules.build_intel(tree, recipes.variant(tree, "all", print), print)
    assert not text.identical(built, tree.kernel.module(modules.INTEL))


@pytest.mark.lab
@needs_builder
def test_dkms_directory(tmp_path: Path) -> None:
    from kbench.kernels import find

    tree = find.find("6.1", print).tree(print)
    place = dkms.write(tree, "all", tmp_path, print)
    assert 'BUILT_MODULE_NAME[1]="kvm-amd"' in (place / "dkms.conf").read_text()
    assert (place / "arch/x86/kvm/kbench/state.h").is_file()
    with pytest.raises(KernelError, match="is there already"):
        dkms.write(tree, "all", tmp_path, print)


@pytest.mark.lab
@pytest.mark.test_kvm
@needs_builder
def test_dkms_directory_builds(tmp_path: Path) -> None:
    """The command of dkms.conf, as dkms(8) would run it, makes the modules where it says."""
    from kbench.kernels import find

    tree = find.find("6.1", print).tree(print)
    place = dkms.write(tree, "all", tmp_path, print)
    script = f"""
        set -eu
        kernel_source_dir={tree.headers}
        dkms_tree={tmp_path / "dkms"}
        . {place}/dkms.conf
        build=$dkms_tree/$PACKAGE_NAME/$PACKAGE_VERSION/build
        mkdir -p $build
        cp -r {place}/. $build
        ${{MAKE[0]}} >&2
        for index in 0 1 2; do
            echo $build/${{BUILT_MODULE_LOCATION[index]}}/${{BUILT_MODULE_NAME[index]}}.ko
        done
        [[ {tree.kernel.release} =~ $BUILD_EXCLUSIVE_KERNEL ]]
    """
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stderr[-3000:]
    names = ["kvm.ko", "kvm-amd.ko", "kvm-intel.ko"]
    paths = [Path(line) for line in done.stdout.splitlines()]
    assert [path.name for path in paths if path.is_file()] == names


def test_what_users_built_is_listed_without_the_variants(root: Path) -> None:
    below = root / "kvm-modules"
    for name in ("all", "stock+1a2b3c4d", "source-5e6f7a8b", "mine", "all-delivery"):
        (below / f"6.1.0-56-amd64-{name}-{'0' * 16}").mkdir(parents=True)
    found = [(one.variant, one.release, one.key) for one in modules.users()]
    labels = ("mine", "source-5e6f7a8b", "stock+1a2b3c4d")
    assert found == [(label, "6.1.0-56-amd64", "0" * 16) for label in labels]


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("--name", "x"), "--name is for what --patch or --source makes"),
        (("--name", "all", "--patch", "p"), "that is a variant of the extension"),
        (("--name", "a-b", "--patch", "p"), "lower-case letters, digits, _ and . make a name"),
    ],
)
def test_a_name_is_checked_before_anything_is_fetched(words: tuple[str, ...], hint: str) -> None:
    assert hint in kbench("kvm", "build", *words).refused()


def test_a_users_name_is_no_pattern(root: Path) -> None:
    for label in ("stock+0123", "stock+*"):
        place = root / "kvm-modules" / f"{FakeKernel().name}-{label}-{'0' * 16}"
        place.mkdir(parents=True)
        (place / cache.MANIFEST).write_text("{}")
    assert modules.made(FakeKernel(), "stock+*").directory.name.endswith("stock+*-" + "0" * 16)
    with pytest.raises(KernelError, match="no modules 'stock"):
        modules.made(FakeKernel(), "stock+?123")


@pytest.mark.skipif(not confine.available(), reason="bubblewrap does not work here")
@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_headers_of_a_build_elsewhere_find_their_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a Makefile includes that of the sources, which lie where bubblewrap hides files."""
    linux, headers, module = (tmp_path / name for name in ("linux", "headers", "module"))
    for directory in (linux, headers, module):
        directory.mkdir()
    (linux / "Makefile").write_text("modules:\n\t@touch $(M)/built.ko\n")
    (headers / "source").symlink_to(linux)
    (headers / "Makefile").write_text(f"include {linux}/Makefile\n")
    monkeypatch.setattr(confine, "HIDDEN", (str(tmp_path),))
    monkeypatch.setattr(compiler, "require", lambda tree: None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    cache.root().mkdir(parents=True)
    modules.make(replace(FakeKernel().tree(print), headers=headers), module)
    assert (module / "built.ko").exists()
