"""Hold the one style of all plots: colours that the colour-blind can tell apart, sizes, and how to render.

Truth and belief have the same two colours everywhere.  Rendered pictures are byte-stable: no dates, no software
names, ids from a fixed salt, and a figure of its own that no other plot shares state with.
"""

from __future__ import annotations

import gc
import io
import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, cast

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter
from matplotlib.transforms import ScaledTranslation
from PIL import Image

# Okabe and Ito's palette without its yellow; a white page carries its three light hues only when they are darker
# (contrast 3, WCAG 1.4.11), and a dark page has them as they are.
BLUE: Final = "#0072b2"
ORANGE: Final = "#c78500"
GREEN: Final = "#009e73"
RED: Final = "#d55e00"
SKY: Final = "#419ad1"
PINK: Final = "#c472a0"
GREY: Final = "#8a939c"
QUIET: Final = "#5b6670"
"""For words that stand back; as a line or a mark, grey does."""

TRUTH: Final = BLUE
BELIEF: Final = ORANGE

INK: Final = "#1f2933"
GRID: Final = "#dde2e7"
PAPER: Final = "#fefefe"

HALF: Final = 4.8
"""Width in inches of a plot that shares its row with another."""
FULL: Final = 10.8
"""Width in inches of a plot that has the row for itself."""

EMPTY: Final = 1.3
"""Height in inches of a plot that has nothing to show."""

NOTE: Final = 9.5
"""Size in points of words beside a mark, on a plot that shares its row."""

_DPI: Final = 160
_SETTINGS: Final[dict[str, Any]] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 8.0,
    # No plot has ticks above; asking whether one has is a tenth of the time of drawing.
    "axes.titley": 1.0,
    "axes.labelsize": 9.5,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 9.0,
    "ytick.labelsize": 9.0,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "legend.columnspacing": 1.2,
    "legend.handlelength": 1.5,
    "lines.linewidth": 1.8,
    "figure.facecolor": PAPER,
    "figure.constrained_layout.w_pad": 0.09,
    "figure.constrained_layout.h_pad": 0.07,
    "path.simplify": True,
    "path.simplify_threshold": 0.2,
    "svg.hashsalt": "sim",
    # Letters stay letters: a page is a third of the size, and its charts can be read aloud and searched.
    "svg.fonttype": "none",
}
# A phone shows a plot that shares its row at its width in points, and a wide one larger, to be scrolled.
_HALF_SETTINGS: Final = _SETTINGS | {
    "font.size": 10.5,
    "axes.titlesize": 11.5,
    "axes.labelsize": 10.5,
    "xtick.labelsize": 10.0,
    "ytick.labelsize": 10.0,
    "legend.fontsize": 9.5,
}
_THEMED: Final = {
    INK: "currentColor",
    GRID: "var(--grid)",
    PAPER: "var(--card)",
    BLUE: "var(--blue)",
    ORANGE: "var(--orange)",
    SKY: "var(--sky)",
    PINK: "var(--pink)",
    QUIET: "var(--quiet)",
}


@dataclass(frozen=True, kw_only=True)
class Picture:
    """Hold a rendered plot: ``svg`` for pages (inks follow the page's theme), ``png`` for files."""

    name: str
    caption: str
    wide: bool
    svg: str
    png: bytes


def picture(name: str, caption: str, size: tuple[float, float], paint: Callable[[Figure], object]) -> Picture:
    """Render what ``paint`` draws on a fresh figure of ``size`` inches."""
    with _settings(size):
        figure = Figure(figsize=size, dpi=_DPI, layout="constrained")
        paint(figure)
        _lay_out_words_only(figure)
        canvas: Any = FigureCanvasAgg(figure)
        canvas.draw()
        png = io.BytesIO()
        Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB").save(
            png, format="png", compress_level=4
        )
        # The layout is solved by now; solving it again would cost as much as drawing.
        figure.set_layout_engine("none")
        figure.patch.set_visible(False)
        svg = io.StringIO()
        vectors: Any = FigureCanvasSVG(figure)
        vectors.print_svg(svg, metadata={"Date": None, "Creator": None})
    return Picture(
        name=name,
        caption=caption,
        wide=size[0] > HALF,
        svg=_embedded(svg.getvalue(), name, caption),
        png=png.getvalue(),
    )


@contextmanager
def _settings(size: tuple[float, float]) -> Iterator[None]:
    """Set the style of a plot of ``size``, and let no garbage be sought meanwhile: a tenth of the time of drawing."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        # Matplotlib types the names of its settings one by one; a plain table of ours is checked when it is used.
        with matplotlib.rc_context(cast(Any, _SETTINGS if size[0] > HALF else _HALF_SETTINGS)):
            yield
    finally:
        if collecting:
            gc.enable()


def _lay_out_words_only(figure: Figure) -> None:
    """Keep marks out of the layout: they end at their axes, and measuring hundreds takes a third of the time."""
    for axes in figure.axes:
        for artist in (*axes.patches, *axes.lines, *axes.collections, *axes.images):
            artist.set_in_layout(False)


def drawing(name: str, caption: str, size: tuple[float, float], paint: Callable[[Figure], object]) -> Picture:
    """Render as SVG only what ``paint`` draws and lays out itself: a fifth of the time :func:`picture` takes."""
    with _settings(size):
        figure = Figure(figsize=size, dpi=_DPI)
        paint(figure)
        figure.patch.set_visible(False)
        svg = io.StringIO()
        vectors: Any = FigureCanvasSVG(figure)
        vectors.print_svg(svg, metadata={"Date": None, "Creator": None})
    return Picture(
        name=name, caption=caption, wide=size[0] > HALF, svg=_embedded(svg.getvalue(), name, caption), png=b""
    )


def png_of(size: tuple[float, float], paint: Callable[[Figure], object]) -> bytes:
    """Render as PNG only what ``paint`` draws and lays out itself."""
    with _settings(size):
        figure = Figure(figsize=size, dpi=_DPI)
        paint(figure)
        canvas: Any = FigureCanvasAgg(figure)
        canvas.draw()
        png = io.BytesIO()
        Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB").save(
            png, format="png", compress_level=4
        )
    return png.getvalue()


def _embedded(svg: str, name: str, caption: str) -> str:
    """Return an SVG fit to stand in a page beside others: own ids, theme colours, a label for those who listen."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    # A hundredth of a point is less than any screen shows.
    body = re.sub(r'\bd="[^"]*"', lambda path: re.sub(r"(\.\d\d)\d+", r"\1", path.group()), body)
    body = re.sub(r' xmlns(:\w+)?="[^"]*"', "", body)
    body = re.sub(r'xlink:href="#', 'href="#', body)
    body = re.sub(r'\bid="', f'id="{name}-', body)
    body = re.sub(r'href="#', f'href="#{name}-', body)
    body = re.sub(r"url\(#", f"url(#{name}-", body)
    for colour, themed in _THEMED.items():
        body = body.replace(colour, themed)
    label = caption.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return body.replace("<svg", f'<svg role="img" aria-label="{label}"', 1).strip()


def nothing_to_show(axes: Axes, why: str) -> Axes:
    """Say on empty axes that there is nothing to show, and why."""
    axes.set_axis_off()
    axes.text(
        0.5, 0.5, f"nothing to show\n{why}", ha="center", va="center", transform=axes.transAxes, color=QUIET
    )
    return axes


def legend_below(axes: Axes, columns: int, *, points: float = 36.0) -> None:
    """Put the legend under the axis label, at a distance in points that no size of the plot changes."""
    below = axes.transAxes + ScaledTranslation(0.0, -points / 72, axes.figure.dpi_scale_trans)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 0.0), bbox_transform=below, ncols=columns)


def log_axis(axes: Axes, low: float, high: float) -> None:
    """Scale the x axis logarithmically over the whole decades that hold ``low`` to ``high`` > 0."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    last = max(last, first + 1)
    step = 1 + (last - first) // 4
    ticks = [10.0**decade for decade in range(first, last + 1, step)]
    if last == first + 1:
        ticks = [10.0**first * digit for digit in (1, 2, 5, 10)]
    axes.set_xscale("log")
    axes.set_xlim(10.0**first / 1.25, 10.0**last * 1.25)
    axes.set_xticks(ticks)
    axes.xaxis.set_minor_formatter(NullFormatter())
    plain_ticks(axes.xaxis)


def plain_ticks(axis: Axis) -> None:
    """Write ticks as plain numbers, with commas, also on logarithmic axes."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))


def only(axes: Axes, axis: str) -> Axes:
    """Keep grid lines across one axis ("x" or "y") only."""
    axes.grid(visible=False, axis="y" if axis == "x" else "x")
    return axes


def rows_height(rows: int, least: float = 1.7) -> float:
    """Return the height in inches of a plot with one line of text per row; less for no row at all."""
    return max(least, 1.15 + 0.27 * rows) if rows else EMPTY
