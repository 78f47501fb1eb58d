"""Read what the user's code returned as what it believes: is a position open, how much, protected or not.

===========================================  ==============================================================
returned                                     read as
===========================================  ==============================================================
``None``, ``False``, ``0``, ``""``, ``{}``   no position
``True``                                     the intent's position, as wished
a number                                     the position: signed, or its size in the intent's direction
a dict or an object with ``status`` …        what its keys or attributes say, see below
a tuple or list                              its first element; for an empty one no position
===========================================  ==============================================================

Of a dict or an object these are read, of each line the first that is there:

* size: ``position``, ``held``, ``executed_quantity``, ``executedQty``, ``filled``, ``filled_qty``,
  ``filled_quantity``, ``quantity``, ``qty``, ``amount``, ``origQty``;
* open or not: ``status``, ``state``, ``outcome``, ``result`` (open, filled, failed, refused …), else ``success``,
  ``ok``, ``is_open``, ``opened``, ``is_success``, else a size under ``position`` or ``held``, else an order's id;
* protected: ``protected``, ``is_protected``, or the id of a stop;
* words: ``error_message``, ``error``, ``message``, ``reason``, ``msg``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

Status = Literal["refused", "failed", "open"]


@dataclass(frozen=True, slots=True)
class Believed:
    """State what the code under test believes of an intent, in the shape of the shipped executor's result.

    ``quantity`` is what is held (base asset, above 0; None: as wished).  ``exit`` is not None where the code closed
    what it had opened.
    """

    status: Status
    quantity: float | None = None
    protected: bool = False
    exit: Any = None
    error_message: str | None = None
    intent_id: str | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """State what became of a close, as far as the code under test knows."""

    success: bool
    error_code: int | None = None
    error_message: str | None = None


_SIZE: Final = (
    "position", "held", "executed_quantity", "executedQty", "filled", "filled_qty", "filled_quantity",
    "quantity", "qty", "amount", "origQty",
)  # fmt: skip
_STATE: Final = ("status", "state", "outcome", "result")
_YES: Final = ("success", "ok", "is_open", "opened", "is_success")
_ID: Final = ("order_id", "orderId", "id", "entry_order_id", "clientOrderId", "algoId")
_STOP: Final = ("protected", "is_protected", "stop_order_id", "sl_order_id", "stop_id", "sl_id")
_WORDS: Final = ("error_message", "error", "message", "reason", "msg")
_CODE: Final = ("error_code", "code")
_OPEN: Final = frozenset(
    {
        "open", "opened", "filled", "partially_filled", "new", "ok", "success", "protected", "applied", "holding",
        "long", "short", "done", "entered", "accepted", "active", "live", "unprotected", "placed", "position_open",
    }
)  # fmt: skip
_FLAT: Final = frozenset(
    {
        "failed", "failure", "error", "rejected", "expired", "canceled", "cancelled", "none", "flat", "timeout",
        "unknown", "flattened", "aborted", "skipped", "no", "closed_out", "ended", "withdrawn", "not_filled",
        "not_opened",
    }
)  # fmt: skip
_REFUSED: Final = frozenset({"refused", "vetoed", "blocked", "guard_refused", "denied"})


def read_belief(returned: Any, direction: int, wished: float) -> Believed:
    """Read what a flow or an executor returned for an intent of ``wished`` base asset in ``direction``."""
    if isinstance(returned, Believed):
        return returned
    if isinstance(returned, bool):
        return Believed("open", wished) if returned else Believed("failed")
    if isinstance(returned, int | float | Decimal):
        return _held(float(returned), direction, wished)
    if isinstance(returned, list | tuple) and not hasattr(returned, "_fields"):
        return read_belief(returned[0], direction, wished) if returned else Believed("failed")
    if returned is None or isinstance(returned, str | bytes):
        return Believed("open", wished) if returned else Believed("failed")
    return _read_parts(returned, direction, wished)


def _held(size: float, direction: int, wished: float) -> Believed:
    if not size:
        return Believed("failed")
    # A negative size is a short position; a positive one of a short intent is its size.
    if size < 0 < direction:
        return Believed("open", size)
    return Believed("open", abs(size))


def _read_parts(returned: Any, direction: int, wished: float) -> Believed:
    state = _first(returned, _STATE)
    word = str(getattr(state, "value", state)).rpartition(".")[2].lower() if state is not None else ""
    said = _first(returned, _YES)
    words = _first(returned, _WORDS)
    text = None if words in (None, "") else str(words)
    stop = _first(returned, _STOP)
    exit_result = _part(returned, "exit")
    size = _first(returned, _SIZE)
    quantity = _number(size)
    name = _part(returned, "intent_id")
    intent_id = name if isinstance(name, str) else None
    if word in _REFUSED:
        return Believed("refused", error_message=text or word)
    # ccxt calls a filled order closed.
    is_order = word == "closed" and _first(returned, _ID) is not None
    if word in _OPEN or is_order:
        is_open = True
    elif word in _FLAT or word == "closed":
        is_open = bool(quantity) and _part(returned, "executedQty") is not None
    elif said is not None:
        is_open = bool(said)
    elif quantity is not None and _part(returned, "position", "held") is not None:
        is_open = quantity != 0
    else:
        is_open = _first(returned, _ID) is not None
    if not is_open:
        return Believed("failed", exit=exit_result, error_message=text or (word or None))
    held = abs(quantity) if quantity else wished
    return Believed("open", held, bool(stop), exit_result, text, intent_id)


def read_close(returned: Any) -> Closed:
    """Read what a close returned: None and True are a success, False is none; else as :func:`read_belief` reads."""
    if returned is None or isinstance(returned, bool):
        return Closed(returned is not False)
    said = _first(returned, _YES)
    code = _number(_first(returned, _CODE))
    words = _first(returned, _WORDS)
    text = None if words in (None, "") else str(words)
    if said is None:
        word = str(_first(returned, _STATE) or "").lower()
        said = _first(returned, _ID) is not None if not word else word not in _FLAT and word not in _REFUSED
    return Closed(bool(said), None if code is None else int(code), text)


def _part(returned: Any, *names: str) -> Any:
    for name in names:
        value = returned.get(name) if isinstance(returned, Mapping) else getattr(returned, name, None)
        if value is not None and not callable(value):
            return value
    return None


def _first(returned: Any, names: tuple[str, ...]) -> Any:
    return _part(returned, *names)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
