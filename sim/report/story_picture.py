"""Make the pictures of intents' stories: for the page as SVG, for ``sim show`` as PNG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.report.plots import story as plot
from sim.report.plots.style import Picture, drawing, png_of
from sim.report.story import rows_of
from sim.report.story_frames import StoryFrames, story_frames
from sim.report.tape import tapes_of

if TYPE_CHECKING:
    from sim.experiment import Result

_WHAT = (
    "Above: last, mark, the plan, stops and targets while they rest (X: filled), fills. Below, on the same time: the "
    "position in truth and as the executor's own answers made it believe, its orders with the code of a refusal, "
    "back-offs, reads, and the faults that struck."
)


def story_pictures(result: Result, numbers: list[int]) -> list[Picture]:
    """Draw the stories of intents ``numbers``; the tape is read once."""
    paths = tapes_of(result) if numbers else {}
    rows = rows_of(result, numbers)
    return [_picture(story_frames(result, number, paths, rows[number]), number) for number in numbers]


def story_png(result: Result, number: int) -> bytes:
    """Draw one intent's story as PNG; raises InputError for a number that is not there."""
    frames = story_frames(result, number, tapes_of(result))
    return png_of(plot.SIZE, lambda figure: plot.story(frames, figure))


def _picture(frames: StoryFrames, number: int) -> Picture:
    caption = f"{frames.title}. {_WHAT}" + (f" Drawn: {frames.note}." if frames.note else "")
    return drawing(f"story-{number}", caption, plot.SIZE, lambda figure: plot.story(frames, figure))
