"""Tell one intent's story in plain words, from a result's frames: what was believed, what was true, what was done.

Every line has a time, an actor and a kind: *belief* is what the code under test knew or did, *truth* what the
venue did, *fault* an injected cause, *market* the price, *check* a broken invariant.  At one instant causes come
before effects: the venue acts, an answer arrives, a placement ends, and only then the next request leaves.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from sim.errors import InputError
from sim.report.story_words import (
    amount_text,
    answer_text,
    code_text,
    is_same,
    is_there,
    is_true,
    position_text,
    price_text,
    role_word,
    seconds_text,
    sentence,
)

if TYPE_CHECKING:
    from sim.experiment import Result

Kind = Literal["belief", "truth", "fault", "market", "check"]
WIDTH: Final = 100
"""Columns of :func:`story_text`."""

_ENDS: Final = {
    "CANCELED": "is cancelled",
    "EXPIRED": "expires",
    "EXPIRED_IN_MATCH": "expires in the match",
    "REJECTED": "is refused at its trigger",
}
_READS: Final = {
    "GET /fapi/v1/ticker/price": "the last price",
    "GET /fapi/v2/ticker/price": "the last price",
    "GET /fapi/v1/premiumIndex": "the mark price",
    "GET /fapi/v1/exchangeInfo": "the filters",
    "GET /fapi/v1/order": "an order",
    "GET /fapi/v1/algoOrder": "an order",
    "GET /fapi/v1/openOrders": "the open orders",
    "GET /fapi/v1/openAlgoOrders": "the open orders",
    "GET /fapi/v2/positionRisk": "the position",
    "GET /fapi/v3/positionRisk": "the position",
}
_TRUTHS: Final = {
    "applied": "WAS applied",
    "not_applied": "was not applied",
    "applied_late": "WAS applied, late",
}
_PLACES: Final = (
    "decided crossed accepted triggered filled over exposed answered returned judged logged waits sends fault ends "
    "closed violated"
)
_RANKS: Final = {place: rank for rank, place in enumerate(_PLACES.split())}


@dataclass(frozen=True, slots=True)
class StoryLine:
    """State one thing that happened: ``at_us`` after the start of the run, who did it, what, of which kind."""

    at_us: int
    actor: str
    text: str
    kind: Kind


_Ranked = tuple[int, str, StoryLine]


def story_of(result: Result, intent: int, rows: Rows | None = None) -> list[StoryLine]:
    """Return an intent's story in the order in which it happened; raise InputError for an unknown number.

    ``rows`` are the intent's of :func:`rows_of`, for who tells many.
    """
    story = _Story(result, intent, rows)
    told = sorted(story.tell(), key=lambda item: (item[0], _RANKS[item[1]]))
    return [line for _, _, line in told]


def story_text(result: Result, intent: int, rows: Rows | None = None) -> str:
    """Return the story as a timeline of at most :data:`WIDTH` columns, times in seconds from the decision."""
    lines = story_of(result, intent, rows)
    decided_us = lines[0].at_us
    moment = datetime.fromtimestamp((int(result.manifest["epoch_us"]) + decided_us) / 1e6, UTC)
    clock = moment.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    text = [*textwrap.wrap(f"Intent {intent} of {result.name}, decided at {clock} UTC", WIDTH), ""]
    for line in lines:
        label = f"{(line.at_us - decided_us) / 1e6:>+11.3f} s  {line.kind:<6}  {line.actor:<8}  "
        text += textwrap.wrap(
            line.text, WIDTH, initial_indent=label, subsequent_indent=" " * len(label), break_on_hyphens=False
        )
    return "\n".join(text)


Rows = dict[str, list[Any]]
"""An intent's rows of every frame that has intents, by the frame's name."""


def rows_of(result: Result, numbers: Sequence[int]) -> dict[int, Rows]:
    """Return the rows of these intents; asking for many at once costs little more than asking for one."""
    found: dict[int, Rows] = {number: {} for number in numbers}
    for name, frame in result.frames.items():
        if "intent" not in frame.columns:
            continue
        for rows in found.values():
            rows[name] = []
        own = frame[frame["intent"].isin(found)]
        for row in own.itertuples(index=False) if len(own) else ():
            found[int(cast(Any, row).intent)][name].append(row)
    return found


class _Story:
    """Hold one intent's rows of every frame, and tell them room by room."""

    def __init__(self, result: Result, intent: int, rows: Rows | None = None) -> None:
        intents = result.frames["intents"]
        if intent not in set(intents["intent"]):
            valid = "none: the run decided no intent"
            if len(intents):
                valid = f"an intent's number, from {intents['intent'].min()} to {intents['intent'].max()}"
            raise InputError("--intent", intent, valid)
        self.rows = rows_of(result, [intent])[intent] if rows is None else rows
        self.edges: list[Any] = list(result.frames["fault_edges"].itertuples(index=False))
        manifest = result.manifest
        self.shocks = list(zip(manifest["shocks"], manifest["shock_spans_us"], strict=True))
        self.intent: Any = self.rows["intents"][0]

    def tell(self) -> Iterator[_Ranked]:
        """Yield (time, place among equal times, line) in no particular order."""
        yield from self._decision()
        yield from self._shocks()
        yield from self._fault_windows()
        yield from self._requests()
        yield from self._log()
        yield from self._placements()
        yield from self._orders()
        yield from self._exposure()
        yield from self._end()
        yield from self._violations()

    def _decision(self) -> Iterator[_Ranked]:
        intent = self.intent
        side = "long" if intent.direction > 0 else "short"
        plan = (
            f"wants to be {side} {amount_text(intent.quantity)} {intent.symbol} at {price_text(intent.plan_price)}, "
            f"stop {price_text(intent.sl_price)}, target {price_text(intent.tp_price)}, for at most "
            f"{amount_text(intent.hold_us / 1e6)} s, leverage {amount_text(intent.leverage)}"
        )
        yield _line(intent.decided_us, "decided", "strategy", plan, "belief")
        if is_there(intent.verdict_us):
            seen = f"sees {price_text(intent.check_price)}, {intent.guard_deviation:.3%} from the plan"
            verdict = "lets it through" if intent.verdict_accepted else "refuses"
            yield _line(
                intent.verdict_us, "judged", "guard", f"{seen}; {verdict}: {intent.verdict_reason}", "belief"
            )
        if is_there(intent.stop_crossed_us):
            text = f"the mark crosses the planned stop at {price_text(intent.sl_price)}"
            yield _line(intent.stop_crossed_us, "crossed", "price", text, "market")

    def _shocks(self) -> Iterator[_Ranked]:
        for clause, (from_us, until_us) in self.shocks:
            if from_us <= self.intent.books_us and until_us >= self.intent.decided_us:
                started_us = max(from_us, self.intent.decided_us)
                began = "declared shock" if started_us == from_us else "declared shock, begun before"
                yield _line(started_us, "crossed", "price", f"{began}: {clause}", "market")

    def _fault_windows(self) -> Iterator[_Ranked]:
        for edge in self.edges:
            met = any(
                request.sent_us < edge.closed_us and request.answered_us > edge.opened_us
                for request in self.rows["requests"]
            )
            if not met:
                continue
            length_s = (edge.closed_us - edge.opened_us) / 1e6
            started_us = max(edge.opened_us, self.intent.decided_us)
            began = "begins" if started_us == edge.opened_us else "has begun before"
            text = f"{edge.fault} {began}, for {seconds_text(length_s)} in all"
            yield _line(started_us, "fault", "weather", text, "fault")

    # -- what was asked and answered ------------------------------------------------------------------

    def _requests(self) -> Iterator[_Ranked]:
        attempts: dict[Any, int] = {}
        sent: dict[int, Any] = {}
        for request in self.rows["requests"]:
            sent[request.request] = request
            if request.truth == "":
                yield self._read(request)
                continue
            what = role_word(request.role) if request.role != "none" else "a cancellation"
            if request.role != "none":
                number = attempts[request.placement] = attempts.get(request.placement, 0) + 1
                what = f"the {what} order" + (f", attempt {number}" if number > 1 else "")
            yield _line(request.sent_us, "sends", "executor", f"sends {what} ({request.call})", "belief")
            yield _line(request.answered_us, "answered", "executor", f"{answer_text(request)}", "belief")
        for fault in self.rows["faults"]:
            text = f"{fault.fault} strikes ({fault.kind})"
            request = sent.get(fault.request)
            if request is not None and request.truth:
                thing = "order" if request.role != "none" else "cancellation"
                text += f"; the {thing} {_TRUTHS.get(request.truth, request.truth)}"
            actor = "wire" if fault.stage in ("connect", "request_leg", "reply_leg") else "venue"
            yield _line(fault.at_us, "fault", actor, text, "fault")

    def _log(self) -> Iterator[_Ranked]:
        """Tell what the code under test logged, in its own words; of a traceback its first line and its last."""
        for line in self.rows.get("log", ()):
            first, *more = str(line.text).splitlines() or [""]
            said = f"{line.level} {line.logger}: {first}" + (f" … {more[-1].strip()}" if more else "")
            yield _line(line.at_us, "logged", "code", said, "belief")

    def _read(self, request: Any) -> _Ranked:
        what = _READS.get(request.call, request.call)
        text = f"reads {what} in {seconds_text(request.duration_us / 1e6)}"
        if request.status != 200:
            text = f"asks for {what}: {answer_text(request)}"
        return _line(request.answered_us, "answered", "executor", text, "belief")

    def _placements(self) -> Iterator[_Ranked]:
        for placement in self.rows["placements"]:
            role = role_word(placement.role)
            yield from self._waits(placement)
            tries = f"{placement.attempts} attempt" + ("s" if placement.attempts > 1 else "")
            if placement.success:
                claim = f"believes the {role} order is placed, as order {placement.order_id} ({tries})"
            else:
                claim = (
                    f"gives the {role} order up after {tries}: {code_text(placement.code)}{placement.message}"
                )
            yield _line(placement.ended_us, "returned", "executor", claim, "belief")
            if bool(placement.success) != bool(placement.true_success):
                yield self._true_end(placement)

    def _true_end(self, placement: Any) -> _Ranked:
        """Tell what really came of a placement whose claim is wrong, once all of it has come."""
        accepted = [
            order.accepted_us
            for order in self.rows["orders"]
            if is_same(order.placement, placement.placement)
        ]
        role = role_word(placement.role)
        truth = f"in truth no {role} order was accepted"
        if accepted:
            truth = f"in truth {len(accepted)} {role} orders were accepted where one was wanted"
        if len(accepted) == 1:
            truth = f"in truth the {role} order was accepted"
        return _line(max([placement.ended_us, *accepted]), "returned", "venue", truth, "truth")

    def _waits(self, placement: Any) -> Iterator[_Ranked]:
        """Tell the pauses between attempts: from the last thing heard to the next order sent."""
        calls = [call for call in self.rows["requests"] if is_same(call.placement, placement.placement)]
        sends = [request for request in calls if request.role != "none"]
        for number, (failed, following) in enumerate(pairwise(sends), start=2):
            heard_us = max(
                call.answered_us for call in calls if failed.sent_us <= call.sent_us < following.sent_us
            )
            moves = [
                move
                for move in self.rows["stop_moves"]
                if move.placement == placement.placement and failed.answered_us <= move.at_us <= heard_us
            ]
            first = "".join(
                f"moves the stop from {price_text(move.old_price)} to {price_text(move.new_price)}, then "
                for move in moves
            )
            wait_s = (following.sent_us - heard_us) / 1e6
            text = f"{first}waits {wait_s:.2f} s before attempt {number}"
            yield _line(heard_us, "waits", "executor", text, "belief")

    # -- what the venue did ---------------------------------------------------------------------------

    def _orders(self) -> Iterator[_Ranked]:
        for order in self.rows["orders"]:
            name = f"{role_word(order.role)} order {order.order}"
            if order.type != "MARKET":
                # A trailing stop without an activation price has no price of its own yet.
                text = f"{name} rests" + (f" at {price_text(order.price)}" if order.price else "")
                if order.role == "sl":
                    text += self._distance_from_plan(order.price)
                yield _line(order.accepted_us, "accepted", "venue", text, "truth")
            if is_there(order.triggered_us):
                yield _line(order.triggered_us, "triggered", "venue", f"{name} is triggered", "truth")
            if is_there(order.ended_us) and order.status != "FILLED":
                reason = f": {order.reason}" if order.reason not in ("", "cancel") else ""
                ended = _ENDS.get(order.status, order.status)
                yield _line(order.ended_us, "over", "venue", f"{name} {ended}{reason}", "truth")
        entries: dict[int, int] = {}
        for fill in self.rows["fills"]:
            if fill.role == "entry":
                entries.setdefault(fill.order, len(entries) + 1)
            verb = "buys" if fill.side > 0 else "sells"
            text = f"{role_word(fill.role)} order {fill.order} {verb} {amount_text(fill.quantity)}"
            text += f" at {price_text(fill.price)}"
            if fill.role == "entry" and entries[fill.order] > 1:
                text += f", entry number {entries[fill.order]}"
            yield _line(fill.at_us, "filled", "venue", text, "truth")

    def _distance_from_plan(self, price: float) -> str:
        planned = self.intent.sl_price
        looser = self.intent.direction * (planned - price) / planned
        if abs(looser) < 5e-5:
            return ", as planned"
        return f", {abs(looser):.2%} {'further than' if looser > 0 else 'nearer than'} planned"

    def _exposure(self) -> Iterator[_Ranked]:
        """Tell each stretch without sufficient cover; stretches that meet are one."""
        spells: list[list[Any]] = []
        for stretch in sorted(self.rows["protection"], key=lambda row: row.from_us):
            if not stretch.naked_quantity > 0 or stretch.to_us <= stretch.from_us:
                continue
            if spells and spells[-1][-1].to_us == stretch.from_us:
                spells[-1].append(stretch)
            else:
                spells.append([stretch])
        for spell in spells:
            from_us, to_us = spell[0].from_us, spell[-1].to_us
            most = max(stretch.naked_quantity for stretch in spell)
            text = f"naked from here: {amount_text(most)} without a stop, for {seconds_text((to_us - from_us) / 1e6)}"
            yield _line(from_us, "exposed", "account", text, "truth")
            if to_us < self.intent.books_us:
                yield _line(to_us, "exposed", "account", "no longer naked", "truth")
            else:
                yield _line(to_us, "closed", "account", "still naked when the books are closed", "truth")

    # -- how it ended ---------------------------------------------------------------------------------

    def _end(self) -> Iterator[_Ranked]:
        intent = self.intent
        if is_there(intent.ended_us):
            position = position_text(intent.believed_position)
            if intent.believed_position:
                position += ", protected" if is_true(intent.believed_protected) else ", unprotected"
            text = f"is done, and believes: {intent.believed_outcome}, {position}"
            yield _line(intent.ended_us, "ends", "strategy", text, "belief")
        else:
            text = "never came to its end: the run was over first"
            yield _line(intent.books_us, "ends", "strategy", text, "belief")
        truth = f"in the end: {intent.outcome.replace('_', ' ')}"
        if not math.isnan(intent.true_position):
            truth += f", {position_text(intent.true_position)}"
            if is_true(intent.orphaned):
                truth += ", which nobody knows of"
        yield _line(intent.books_us, "closed", "venue", truth, "truth")
        yield _line(intent.books_us, "closed", "account", self._money(), "truth")
        if not math.isnan(intent.refused_result_quote):
            missed = intent.refused_result_quote
            word = "missed" if missed > 0 else "saved"
            text = f"unrefused it would have made {missed:+,.2f}: the refusal {word} that"
            yield _line(intent.books_us, "closed", "guard", text, "truth")

    def _money(self) -> str:
        intent = self.intent
        if intent.shared_account:
            return "it shared its account: exposure and result are not defined for one intent"
        money = f"result {intent.result_quote:+,.2f}, ideal {intent.ideal_result_quote:+,.2f}"
        lost = intent.loss_against_ideal_quote
        if abs(lost) < 0.005:
            return f"{money}, no loss against ideal"
        return (
            f"{money}; {'lost' if lost > 0 else 'won'} against ideal {abs(lost):,.2f} quote, "
            f"{abs(intent.loss_against_ideal_bps):.1f} bps, {abs(intent.loss_against_ideal_r):.2f} R"
        )

    def _violations(self) -> Iterator[_Ranked]:
        from sim.checks import CHECKS

        rules = {check.id: f" Rule: {check.story}" for check in CHECKS}
        for found in self.rows["violations"]:
            text = f"{found.check} broken: {sentence(found.truth)}"
            if found.belief:
                text += f" Believed: {sentence(found.belief)}"
            text += rules.get(found.check, "")
            if found.reproduce:
                text += f" Again: {found.reproduce}"
            at_us = found.at_us if is_there(found.at_us) else self.intent.books_us
            yield _line(at_us, "violated", "check", text, "check")


def _line(at_us: Any, place: str, actor: str, text: str, kind: Kind) -> _Ranked:
    return int(at_us), place, StoryLine(int(at_us), actor, text, kind)
