"""Render a page: one HTML file with its style and its pictures inside, and no reference to anything outside."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from sim.report.sections import Section


def render_page(
    *,
    title: str,
    name: str,
    story: str,
    verdict: Sequence[str],
    doubts: Sequence[str],
    tiles: Sequence[tuple[str, str]],
    sections: Sequence[Section],
) -> str:
    """Return a page as HTML.

    ``tiles`` are (value, what it is).  Everything is escaped but the pictures' own SVG.
    """
    template = _environment().get_template("page.html")
    return template.render(
        title=title,
        name=name,
        story=story,
        verdict=verdict,
        doubts=doubts,
        tiles=tiles,
        sections=sections,
        svg=Markup,
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("sim.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
