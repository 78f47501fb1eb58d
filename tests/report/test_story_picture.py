"""Story pictures: truth beside belief, the tape between events, and one time axis for all of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from sim.errors import InputError
from sim.experiment import Result
from sim.report.plots import story
from sim.report.story_frames import StoryFrames, TimeAxis, story_frames
from sim.report.story_picture import story_png
from sim.report.tape import tapes_of


@pytest.fixture(scope="module")
def told(result: Result) -> list[StoryFrames]:
    """Lay out the first intents of the run."""
    paths = tapes_of(result)
    return [story_frames(result, number, paths) for number in range(12)]


def test_the_tape_is_the_one_the_run_met(result: Result) -> None:
    """The path made anew has the very prices at which the venue filled."""
    (path,) = tapes_of(result).values()
    fills = result.frames["fills"]
    assert len(fills)
    assert [path.last(at_us) for at_us in fills["at_us"].tolist()] == fills["reference"].tolist()


@pytest.mark.parametrize("name", ["scenario_sha256", "data_sha256"])
def test_a_tape_that_has_changed_is_not_drawn(result: Result, name: str) -> None:
    """When scenario or data hash to something else, the picture keeps to what the record saw, and says so."""
    changed = Result(frames=result.frames, manifest={**result.manifest, name: "other"})
    assert tapes_of(changed) == {}
    frames = story_frames(changed, 3, {})
    assert "could not be read again" in frames.note
    story.story(frames, Figure())


def test_truth_and_belief_cover_the_whole_time(told: list[StoryFrames]) -> None:
    """At each moment an intent's position is in one state in truth and in one in belief."""
    for frames in told:
        for lane in ("truth", "belief"):
            bars = frames.bars[frames.bars["lane"] == lane]
            assert bars["from_us"].iloc[0] == frames.from_us
            assert bars["to_us"].iloc[-1] == frames.until_us
            assert (bars["from_us"].to_numpy()[1:] == bars["to_us"].to_numpy()[:-1]).all()


def test_naked_in_the_picture_is_naked_in_the_numbers(result: Result, told: list[StoryFrames]) -> None:
    """The red of truth lasts as long as the intent's naked time."""
    for frames, naked_s in zip(told, result.frames["intents"]["naked_s"], strict=False):
        red = frames.bars[(frames.bars["lane"] == "truth") & (frames.bars["kind"] == "naked")]
        assert (red["to_us"] - red["from_us"]).sum() / 1e6 == pytest.approx(naked_s)


def test_belief_without_a_stop_where_truth_has_one(result: Result) -> None:
    """A stop that was placed though its answer said otherwise is protection in truth and not in belief."""
    placements = result.frames["placements"]
    unheard = placements[(placements["role"] == "sl") & placements["true_success"] & ~placements["success"]]
    assert len(unheard)
    bars = story_frames(result, int(unheard["intent"].iloc[0]), {}).bars
    assert "protected" in set(bars.loc[bars["lane"] == "truth", "kind"])
    assert any(kind.endswith("applied") for kind in bars.loc[bars["lane"] == "orders", "kind"])


def test_the_time_axis_keeps_the_order_and_shortens_waits() -> None:
    """A wait a thousand times as long is drawn longer, but by far not a thousand times."""
    knots = np.array([0.0, 1e5, 1e8])
    axis = TimeAxis(knots_us=knots, places=np.array([0.0, 0.2, 1.0]))
    assert axis.at([0, 5e4, 1e5, 1e8]).tolist() == pytest.approx([0.0, 0.1, 0.2, 1.0])
    ticks = axis.ticks()
    assert [place for place, _ in ticks] == sorted(place for place, _ in ticks)
    assert (ticks[0], ticks[-1]) == ((0.0, 0.0), (1.0, 100.0))


def test_account_runs_do_not_claim_an_intents_exposure(result: Result) -> None:
    """Where all intents share an account, truth is not known for one of them."""
    shared = result.frames["intents"].assign(shared_account=True)
    frames = story_frames(replace(result, frames={**result.frames, "intents": shared}), 3, {})
    assert set(frames.bars.loc[frames.bars["lane"] == "truth", "kind"]) == {"not known"}


def test_png_is_a_picture_and_unknown_intents_are_refused(result: Result) -> None:
    """What sim show writes is a PNG; a number that is not there is named with those that are."""
    assert story_png(result, 3).startswith(b"\x89PNG")
    with pytest.raises(InputError, match="from 0 to 39"):
        story_png(result, 40)
