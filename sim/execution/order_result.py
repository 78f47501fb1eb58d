"""Report what became of a placed order, as far as its placer knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Outcome = Literal["", "applied", "refused", "unknown", "ended", "stop_passed", "withdrawn", "cut_off"]


@dataclass(frozen=True, slots=True)
class OrderResult:
    """Report what a placement believes: an order id, or the last failure; never an exception.

    ``duration_sec`` is the loop's time from the first attempt to the end, waits included.  ``executed_quantity`` and
    ``average_price`` are what the venue told, 0 where it told nothing.  ``outcome`` says what is known of the order:

    applied · refused (certainly not there) · unknown (may be there: look again) · ended (was there, ended without a
    fill) · stop_passed (the price has reached the stop: close) · withdrawn (the caller's check said no before a
    resend) · cut_off (its caller's deadline came first: it may be there)
    """

    success: bool
    order_id: str | None = None
    error_code: int | None = None
    error_message: str | None = None
    attempts: int = 0
    duration_sec: float = 0.0
    # Not compared: code written against the document's six fields still finds its results equal.
    outcome: Outcome = field(default="", compare=False)
    client_order_id: str | None = field(default=None, compare=False)
    executed_quantity: float = field(default=0.0, compare=False)
    average_price: float = field(default=0.0, compare=False)
    order_status: str = field(default="", compare=False)
    """The venue's word for the order's state, "" where it told none."""
