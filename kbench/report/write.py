# SPDX-License-Identifier: MIT
"""What `kbench report` does: content once, then each form that was asked for."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from kbench.errors import KbenchError
from kbench.files import STDOUT, check_absent, write_atomically
from kbench.report.content import Content, Picture
from kbench.report.embed import embed, extract
from kbench.report.model import Model, build, shown, slug

Drawings = Mapping[tuple[str, tuple[str, ...], int], str]
WHOLE = -1
"""The number of a view's panels drawn as one picture, for a file."""

FORMS = {".html": "html", ".htm": "html", ".md": "md", ".txt": "txt"}


def form_of(output: Path) -> str:
    """The form that the name of `output` asks for; KbenchError for another suffix."""
    if output == STDOUT:
        raise KbenchError("-o - would be standard output: --format md or txt prints a report")
    if output.suffix not in FORMS:
        raise KbenchError(f"{output}: a report is .html, .md or .txt")
    return FORMS[output.suffix]


def report(
    paths: Sequence[Path],
    forms: Sequence[tuple[str, Path | None]],
    svg: Path | None = None,
    png: Path | None = None,
    *,
    force: bool,
) -> None:
    """Write the report of `paths` in each form to its file, or to standard output for None.

    Nothing is written where a suite cannot be read.
    """
    if not forms and svg is None and png is None:
        raise KbenchError("name an output: -o report.html, --format md, --svg DIR or --png DIR")
    _check(forms, force=force)
    from kbench.report.sections import content as make

    model = build(paths)
    content = make(model)
    html = any(form == "html" for form, _ in forms)
    drawings = _draw(content, files=bool(svg or png)) if html or svg or png else {}
    pictures = _write_pictures(content, drawings, svg, png, force=force)
    for form, output in forms:
        text = _page(form, content, drawings, model, _links(pictures, output))
        _write(text, output, force=force)


def fill(
    paths: Sequence[Path], template: Path, form: str, output: Path | None, *, force: bool
) -> None:
    """Write the text that `template` makes of the figures of `paths`."""
    from kbench.report.render.template import from_template

    if form == "html":
        raise KbenchError("--template makes Markdown or text: -o FILE.md, -o FILE.txt or --format")
    _check([(form, output)], force=force)
    _write(from_template(template, form, build(paths), output), output, force=force)


def _check(forms: Sequence[tuple[str, Path | None]], *, force: bool) -> None:
    for _, output in forms:
        if output and not force:
            check_absent(output, "choose another -o, or --force")


def _write(text: str, output: Path | None, *, force: bool) -> None:
    if output is None:
        print(text, end="")
    else:
        write_atomically(output, text.encode(), force=force)


def extract_to(page: Path, folder: Path, *, force: bool) -> None:
    """Write the suites of `page` into `folder`, under the names they had."""
    suites = extract(page)
    _make(folder)
    if not force:
        for name in suites:
            check_absent(folder / name, "choose another folder with -o, or --force")
    for name, data in suites.items():
        write_atomically(folder / name, data, force=force)
        print(folder / name)


def _page(
    form: str, content: Content, drawings: Drawings, model: Model, links: Mapping[str, list[str]]
) -> str:
    match form:
        case "md":
            from kbench.report.render.markdown import to_markdown

            return to_markdown(content, links)
        case "txt":
            from kbench.report.render.text import to_text

            return to_text(content)
    from kbench.report.render.html import to_html

    suites = [embed(shown(source.suite.path.name), source.data) for source in model.sources]
    return to_html(content, drawings, suites)


def _draw(content: Content, *, files: bool) -> Drawings:
    """Each panel of each view, and with `files` the whole views that are stored."""
    from kbench.report.draw import to_svgs

    charts = {}
    for picture in (row for section in content.sections for row in section.pictures):
        for view in picture.views:
            for number, panel in enumerate(view.panels):
                charts[picture.name, view.options, number] = panel
        for view in picture.still().values() if files else ():
            if len(view.panels) > 1:
                charts[picture.name, view.options, WHOLE] = view.chart
    return dict(zip(charts, to_svgs(list(charts.values())), strict=True))


def _write_pictures(
    content: Content, drawings: Drawings, svg: Path | None, png: Path | None, *, force: bool
) -> dict[str, list[Path]]:
    """Every picture as files, in its first scale.

    Returns the paths by picture, those of SVG where both were asked for.
    """
    written: dict[str, list[Path]] = {}
    for folder, suffix in ((png, "png"), (svg, "svg")):
        if folder is None:
            continue
        _make(folder)
        for picture in (row for section in content.sections for row in section.pictures):
            files = []
            for options, view in picture.still().items():
                path = folder / f"{stem(picture, options)}.{suffix}"
                key = (picture.name, view.options)
                drawing = drawings.get((*key, WHOLE)) or drawings[(*key, 0)]
                write_atomically(path, _encoded(drawing, suffix), force=force)
                files.append(path)
            written[picture.name] = files
    return written


def _encoded(drawing: str, suffix: str) -> bytes:
    from kbench.report.draw import to_png

    return drawing.encode() if suffix == "svg" else to_png(drawing)


def stem(picture: Picture, options: str) -> str:
    """The name of a picture's file, less the suffix."""
    return f"{picture.name}-{slug(options)}" if options else picture.name


def _links(pictures: Mapping[str, Sequence[Path]], output: Path | None) -> dict[str, list[str]]:
    """Paths of pictures as a page at `output` links to them."""
    start = output.parent if output else Path()
    return {
        name: [Path(os.path.relpath(path, start)).as_posix() for path in paths]
        for name, paths in pictures.items()
    }


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise KbenchError(f"{folder} is not a directory") from None
    except OSError as error:
        raise KbenchError(f"cannot make {folder}: {error.strerror}") from None
