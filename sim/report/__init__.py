"""Turn numbers into plots, plots into pages, and results into text: compute, then draw.

Every number comes from :mod:`sim.metrics` or a table of the result.  Names load when first used: who only tells a
story or prints a summary does not wait for the plotting library.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from sim.report.comparison import comparison_text
    from sim.report.publishing import (
        publish,
        publish_brief,
        publish_comparison,
        publish_sweep,
        publish_tuning,
        redraw,
    )
    from sim.report.story import story_of, story_text
    from sim.report.summary import brief_text, summary_md, summary_text

_HOMES: Final = {
    "brief_text": "summary",
    "comparison_text": "comparison",
    "publish": "publishing",
    "publish_brief": "publishing",
    "publish_comparison": "publishing",
    "publish_sweep": "publishing",
    "publish_tuning": "publishing",
    "redraw": "publishing",
    "story_of": "story",
    "story_text": "story",
    "summary_md": "summary",
    "summary_text": "summary",
}

__all__ = [
    "brief_text",
    "comparison_text",
    "publish",
    "publish_brief",
    "publish_comparison",
    "publish_sweep",
    "publish_tuning",
    "redraw",
    "story_of",
    "story_text",
    "summary_md",
    "summary_text",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'sim.report' has no attribute {name!r}; it offers {', '.join(__all__)}")
    return getattr(importlib.import_module(f"sim.report.{home}"), name)
