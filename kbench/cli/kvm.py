# SPDX-License-Identifier: MIT
"""The KVM extension: build, look at and carry its variants of the KVM modules.

Nothing here loads a module on this machine.
"""

from pathlib import Path
from typing import Annotated

import typer

from kbench.errors import KbenchError

app = typer.Typer(no_args_is_help=True)
live = typer.Typer(no_args_is_help=True)
app.add_typer(live, name="live", help="The module for an unmodified distribution kernel.")


Kernel = Annotated[str, typer.Option(help="Kernel pin: 6.1 or 6.12.", metavar="PIN")]
Name = Annotated[str, typer.Option(help="A variant that `kbench kvm info` lists.", metavar="NAME")]


def _say(line: str) -> None:
    typer.echo(line, err=True)


@app.command()
def build(
    variant: Name = "stock",
    kernel: Kernel = "6.1",
    source: Annotated[
        Path | None, typer.Option(help="Build the KVM of this kernel source tree instead.")
    ] = None,
    patch: Annotated[
        list[Path] | None, typer.Option(help="Apply this unified diff first; may be repeated.")
    ] = None,
) -> None:
    """Build kvm.ko, kvm-amd.ko and kvm-intel.ko against the stock headers of a kernel.

    The first line of the output names what was built, for `kbench run --kvm NAME`.

    Example: kbench kvm build --variant all --kernel 6.1
    """
    from kbench.kmod import compiler, modules, recipes, text, variants

    groups = variants.variant(variant).needs  # a wrong name is told before anything is fetched
    if source is not None and (patch or variant != "stock"):
        raise KbenchError("--source builds that tree as it is: leave out --variant and --patch")
    if source is not None:
        recipe = recipes.source(source)
        tree = compiler.tree(kernel, groups, _say)
    else:
        tree = compiler.tree(kernel, groups, _say)
        recipe = recipes.patched(tree, patch or [], variant, _say)
    built = modules.build(tree, recipe, _say)
    typer.echo(f"{built.variant} for {built.release}, key {built.key}")
    intel = modules.build_intel(tree, recipe, _say)
    here, kernels = compiler.version(tree.compiler), compiler.kernels_version(tree.headers)
    if here != kernels:
        typer.echo(f"compiled by {here}, the distribution's by {kernels}")
    for path in (*(built.path(name) for name in modules.NAMES), intel):
        same = text.identical(path, tree.kernel.module(path.stem))
        note = "identical to the distribution's" if same else "differs from the distribution's"
        typer.echo(f"{path}  .text {note}")


@app.command()
def diff(variant: Name = "all", kernel: Kernel = "6.1") -> None:
    """Print what a variant changes in KVM's sources, as a unified diff.

    Example: kbench kvm diff --kernel 6.12 | less
    """
    import tempfile

    from kbench.kmod import compiler, hooks, sources, variants

    chosen = variants.variant(variant)
    tree = compiler.tree(kernel, chosen.needs, _say)
    with tempfile.TemporaryDirectory(prefix="kbench-kvm-") as scratch:
        before, after = Path(scratch) / "a", Path(scratch) / "b"
        for place in (before, after):
            sources.copy(sources.pristine(tree, _say), place)
        hooks.apply(after, chosen)
        typer.echo(hooks.diff(before, after), nl=False)


@app.command()
def info() -> None:
    """List the variants and what each contains.

    Example: kbench kvm info
    """
    from kbench.kmod import variants

    typer.echo(f"series {variants.digest()} in {variants.directory()}")
    for mechanism in variants.mechanisms():
        typer.echo(f"{mechanism.label:4}{mechanism.name:18}{mechanism.title}")
        typer.echo(f"{'':22}{mechanism.mail}; {', '.join(mechanism.sources)}")
    typer.echo("")
    for variant in variants.variants():
        parts = " ".join(mechanism.label for mechanism in variant.mechanisms) or "-"
        typer.echo(f"{variant.name:18} capability {variant.bits:#06x}  {parts}")


@live.command("build")
def live_build(kernel: Kernel = "6.1") -> None:
    """Build the live module against a kernel's stock headers; see docs/extension.md.

    Example: kbench kvm live build --kernel 6.12
    """
    from kbench.kmod import compiler, live

    typer.echo(live.build(compiler.tree(kernel, (), _say), _say))


@app.command()
def dkms(
    directory: Annotated[Path, typer.Argument(help="Where to put the source directory.")],
    variant: Name = "all",
    kernel: Kernel = "6.1",
) -> None:
    """Write a DKMS source directory of a variant, for a machine that is to run it.

    Example: kbench kvm dkms kbench-dkms --variant all
    """
    from kbench.kmod import compiler, dkms, variants

    tree = compiler.tree(kernel, variants.variant(variant).needs, _say)
    typer.echo(dkms.write(tree, variant, directory, _say))
