"""Pages can be read by those who listen, who use a keyboard, and who see colours otherwise."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from sim.report import page as page_room
from sim.report.plots import style

PHONE_PX = 344
"""Width that a plot has on a phone of 375 px; a wide one is 960 px there, and scrolls."""


class Outline(HTMLParser):
    """Collect what the rules below ask about."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.tables: list[dict[str, list[dict[str, str]]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append((tag, found))
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "table":
            self.tables.append({"caption": [], "th": []})
        if tag in ("caption", "th"):
            self.tables[-1][tag].append(found)


@pytest.fixture(scope="module", params=["published", "compared"])
def source(request: pytest.FixtureRequest) -> str:
    """Read a run's page and a comparison's."""
    folder: Path = request.getfixturevalue(request.param)
    return (folder / "index.html").read_text(encoding="utf-8")


@pytest.fixture
def outline(source: str) -> Outline:
    """Parse the page."""
    return Outline(source)


def test_page_has_a_language_a_title_and_one_main_heading(outline: Outline) -> None:
    """A screen reader knows how to speak, what page it is, and where its content begins."""
    tags = dict(outline.tags)
    assert tags["html"]["lang"] == "en"
    assert {"title", "main", "header", "nav"} <= set(tags)
    assert outline.headings[0] == 1
    assert outline.headings.count(1) == 1
    assert ("a", {"class": "skip", "href": "#main"}) in outline.tags


def test_headings_leave_out_no_level(outline: Outline) -> None:
    """Whoever jumps from heading to heading finds every level above."""
    for above, below in zip(outline.headings, outline.headings[1:], strict=False):
        assert below <= above + 1


def test_every_section_is_named(outline: Outline) -> None:
    """Each section points at its heading."""
    ids = {attrs["id"] for tag, attrs in outline.tags if tag == "h2"}
    assert {attrs["aria-labelledby"] for tag, attrs in outline.tags if tag == "section"} == ids


def test_tables_have_captions_and_scoped_headers(outline: Outline) -> None:
    """Each cell can be told with its column."""
    for table in outline.tables:
        assert len(table["caption"]) == 1
        assert {attrs.get("scope") for attrs in table["th"]} == {"col"}


def test_pictures_have_words(outline: Outline) -> None:
    """Each plot is an image with a label that says what is drawn."""
    plots = [attrs for tag, attrs in outline.tags if tag == "svg"]
    assert plots
    for attrs in plots:
        assert attrs["role"] == "img"
        assert len(attrs["aria-label"]) > 20


def test_what_scrolls_can_be_reached_by_keyboard(outline: Outline) -> None:
    """Wide tables, wide plots and texts take the focus and have a name or are text."""
    for tag, attrs in outline.tags:
        kinds = attrs.get("class", "").split()
        if "table" in kinds or tag == "pre" or (kinds == ["plot"] and "role" in attrs):
            assert attrs["tabindex"] == "0"
        if "table" in kinds:
            assert attrs["aria-label"]


def _luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _theme(css: str, selector: str) -> dict[str, str]:
    block = css[css.index(selector) :]
    found = re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})\b", block[: block.index("}")])
    return {
        name: value if len(value) == 7 else "#" + "".join(2 * c for c in value[1:]) for name, value in found
    }


@pytest.mark.parametrize("selector", [":root {", ':root[data-theme="dark"] {'])
def test_words_stand_out_from_their_ground(selector: str) -> None:
    """Words have a contrast of 4.5 and what a plot draws one of 3, on the light page and on the dark one."""
    css = (Path(page_room.__file__).parent / "templates" / "page.css").read_text(encoding="utf-8")
    theme = _theme(css, selector)
    for word in ("ink", "quiet", "accent"):
        for ground in ("page", "card"):
            assert _contrast(theme[word], theme[ground]) >= 4.5, (word, ground)
    assert _contrast(theme["warn"], theme["warn-back"]) >= 4.5
    assert _contrast(theme["ink"], theme["best"]) >= 4.5
    for name in ("RED", "GREEN", "GREY"):
        assert _contrast(getattr(style, name), theme["card"]) >= 3.0, name
    for hue in ("blue", "orange", "sky", "pink"):
        assert _contrast(theme[hue], theme["card"]) >= 3.0, hue


@pytest.mark.parametrize("name", ["BLUE", "ORANGE", "GREEN", "RED", "SKY", "PINK", "GREY"])
def test_what_a_plot_draws_stands_out_on_paper(name: str) -> None:
    """Plots saved as files have a contrast of 3 on their white, and the light page has the same hues."""
    css = (Path(page_room.__file__).parent / "templates" / "page.css").read_text(encoding="utf-8")
    colour = getattr(style, name)
    assert _contrast(colour, style.PAPER) >= 3.0
    assert _theme(css, ":root {").get(name.lower(), colour) == colour


def test_no_two_regions_have_the_same_name(outline: Outline) -> None:
    """Whoever lists the regions of a page can tell them apart."""
    names = [attrs["aria-label"] for _, attrs in outline.tags if attrs.get("role") == "region"]
    assert len(names) == len(set(names))


def test_words_on_plots_can_be_read_on_a_phone(source: str) -> None:
    """No word of a plot is smaller than 9 px on a screen of 375 px, where wide plots scroll."""
    plots = re.findall(r"<svg.*?</svg>", source, flags=re.DOTALL)
    assert plots
    for plot in plots:
        width = float(plot.split('viewBox="0 0 ')[1].split()[0])
        shown = PHONE_PX if width <= 72 * style.HALF + 1 else 960
        for size in re.findall(r'<text style="font-size: ([\d.]+)px', plot):
            assert float(size) * shown / width >= 9.0, plot[:80]


def test_a_long_name_breaks_between_its_words(source: str) -> None:
    """A key of the manifest breaks behind a full stop or a line, and reads as it is written."""
    cell = (
        "data_<wbr>sha256"
        if "policies" in source
        else "policy_<wbr>values.<wbr>execution.<wbr>max_<wbr>slippage_<wbr>pct"
    )
    assert f"<td>{cell}</td>" in source


def test_both_ways_to_the_dark_page_give_the_same_colours() -> None:
    """Who asks for the dark page by its button sees what a dark system shows."""
    css = (Path(page_room.__file__).parent / "templates" / "page.css").read_text(encoding="utf-8")
    assert _theme(css, ':root:not([data-theme="light"]) {') == _theme(css, ':root[data-theme="dark"] {')
    assert ":focus-visible" in css
    assert "@media print" in css
