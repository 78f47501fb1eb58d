"""The page: one file, whole, well-formed, and saying what the result says."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from sim.experiment import Result
from sim.report.tables import whole_table
from sim.report.verdict import verdict

VOID = {"meta", "br", "img", "link", "hr", "input", "wbr"}
SECTIONS = [
    *("violations", "recovery", "slippage", "latency", "protection", "money", "load", "document"),
    *("timeline", "worst", "basis", "manifest"),
]


class Page(HTMLParser):
    """Collect tags, attributes, tables and text, and complain about tags that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.caption = ""
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "caption":
            self.caption = ""
        if tag == "tr" and self.caption:
            self.tables.setdefault(self.caption, []).append([])
        if tag == "td":
            self.tables[self.caption][-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if "caption" in self.open:
            self.caption += data
        if "td" in self.open:
            self.tables[self.caption][-1][-1] += data


@pytest.fixture(scope="module")
def source(published: Path) -> str:
    """Read the page as it was written."""
    return (published / "index.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(source: str) -> Page:
    """Parse the page; parsing asserts that its tags are balanced."""
    return Page(source)


def test_page_refers_to_nothing_outside(source: str, page: Page) -> None:
    """Nothing on the page is fetched: no link, foreign script, import or address, only anchors of its own."""
    for tag, name, value in page.attributes:
        if name in ("src", "href", "xlink:href", "srcset", "action", "data", "poster"):
            assert value.startswith(("#", "data:")), (tag, name, value)
    assert not {"link", "script", "iframe", "object", "base"} & {tag for tag, _, _ in page.attributes}
    assert source.count("<script>") == source.count("<script") == 1
    script = source[source.index("<script>") :]
    assert not re.search(
        r"fetch|XMLHttpRequest|WebSocket|import[ (]|https?:", script.replace("nothing is fetched", "")
    )
    assert "@import" not in source
    assert all(target.startswith("#") for target in re.findall(r"url\((.*?)\)", source))


def test_page_has_each_section_once(page: Page) -> None:
    """All sections stand on the page, and the links at its top lead to them."""
    ids = [value for tag, name, value in page.attributes if tag == "section" and name == "id"]
    assert ids == SECTIONS
    links = [value for tag, name, value in page.attributes if tag == "a" and name == "href"]
    assert links == ["#main", *(f"#{name}" for name in SECTIONS)]


def test_ids_are_unique_and_references_found(page: Page) -> None:
    """Plots stand beside each other on one page without sharing an id, and each reference has its target."""
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    wanted = {value[1:] for _, name, value in page.attributes if name == "href" and value.startswith("#")}
    assert wanted <= set(ids)


def test_page_says_verdict_command_and_limits(result: Result, page: Page) -> None:
    """A reader learns in plain words what happened, how to run it again, and what it rests on."""
    text = " ".join(page.text.split())
    assert verdict(result) in text
    assert result.manifest["command"] in text
    assert result.manifest["trace_sha256"] in text
    for words in (
        "The tape never reacts to us",
        "the shape of a real bar of like range",
        "conditional on this tape",
        "No shock is laid",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("caption", "name"),
    [
        ("Slippage", "slippage"),
        ("Time from the decision, and its parts", "latency"),
        ("Protection", "protection"),
        ("Money", "money"),
        ("Load", "load"),
        ("Claimed and true", "seed_metrics"),
    ],
)
def test_tables_of_the_page_are_those_of_the_result(
    result: Result, page: Page, caption: str, name: str
) -> None:
    """Every row and column of a result's table is on the page."""
    frame = getattr(result, name)
    expected = whole_table(caption, frame)
    assert len(expected.headings) == len(frame.columns) - 1
    rows = [row for row in page.tables[caption] if row]
    assert rows == [list(row) for row in expected.rows]
    assert [row[0] for row in rows] == list(frame["metric"])


def test_recovery_table_shows_shares_as_per_cent(result: Result, page: Page) -> None:
    """The recovery table has every row, and its rate is the result's."""
    rows = [row for row in page.tables["Recovery by fault and role"] if row]
    assert [row[0] for row in rows] == list(result.recovery["fault"])
    rates = [f"{rate * 100:.1f}" if rate == rate else "–" for rate in result.recovery["rate"]]
    assert [row[5] for row in rows] == rates


def test_worst_intents_tell_their_stories(page: Page) -> None:
    """Ten intents at least open into their stories."""
    assert page.text.count("wants to be") >= 10


def test_worst_intents_are_drawn_on_the_page_alone(source: str, published: Path) -> None:
    """Each of the ten has its picture, with the tape between its events, and none of them is a file."""
    worst = source[source.index('<section id="worst"') : source.index('<section id="basis"')]
    assert worst.count("<svg") == 10
    assert "could not be read again" not in worst
    assert not list((published / "plots").glob("story-*"))


def test_colours_follow_the_theme(source: str) -> None:
    """Inks of the plots are the page's own, so that they can be read on a dark page."""
    assert "prefers-color-scheme: dark" in source
    assert "currentColor" in source
    plots = "".join(re.findall(r"<svg.*?</svg>", source, flags=re.DOTALL))
    assert "#1f2933" not in plots


def test_comparison_page_is_whole(compared: Path) -> None:
    """A comparison's page is well-formed, fetches nothing, and has its sections."""
    page = Page((compared / "index.html").read_text(encoding="utf-8"))
    ids = [value for tag, name, value in page.attributes if tag == "section" and name == "id"]
    assert ids == ["headline", "differences", "claims", "violations", "basis", "manifest"]
    outside = [value for _, name, value in page.attributes if name in ("src", "href") and value[:1] != "#"]
    assert outside == []
    assert "td" in {tag for tag, name, value in page.attributes if name == "class" and "best" in value}
