"""Render a page: one HTML file with its style and its pictures inside, and no reference to anything outside."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from sim.report.printing import PrintedTable
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
    first_tables: Sequence[PrintedTable] = (),
    first_facts: Sequence[str] = (),
    verdict_in_full: str = "",
) -> str:
    """Return a page as HTML.

    ``tiles`` are (value, what it is); ``first_tables`` and ``first_facts`` stand on the first screen beneath them;
    ``verdict_in_full`` unfolds under the verdict.
    Everything is escaped but the pictures' own SVG.
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
        first_tables=first_tables,
        first_facts=first_facts,
        verdict_in_full=verdict_in_full,
        svg=Markup,
    )


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("sim.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["breakable"] = _breakable
    return made


def _breakable(text: str) -> Markup:
    """Let a long name break between its words, and nowhere else: a phone would cut it anywhere."""
    return Markup(re.sub(r"([_/.])(?=[a-z])", r"\1<wbr>", str(escape(text))))
