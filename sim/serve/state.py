"""Tell how a server stands, and what it did once it is over."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sim.serve.pace import MAX

if TYPE_CHECKING:
    from sim.serve.server import Server


def utc_text(epoch_us: int) -> str:
    """Write a Unix time in µs as ISO 8601 to the millisecond."""
    moment = datetime.fromtimestamp(epoch_us // 1000 / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def speed_word(speed: float) -> float | str:
    """Return a speed as people write it."""
    if speed == MAX:
        return "max"
    return int(speed) if speed == int(speed) else speed


def state_of(server: Server) -> dict[str, Any]:
    """Return virtual time, speed, accounts with their open orders, and counts; times in µs unless named otherwise."""
    stand, pace = server.stand, server.pace
    now_us = pace.now_us
    return {
        "scenario": server.loaded.name,
        "seed": server.seed,
        "rules": server.loaded.scenario.rules,
        "symbols": sorted(stand.venue.paths),
        "speed": speed_word(pace.speed),
        "held": pace.held,
        "now_us": now_us,
        "now_s": now_us / 1e6,
        "server_time_ms": (stand.epoch_us + now_us) // 1000,
        "utc": utc_text(stand.epoch_us + now_us),
        "end_us": stand.end_us,
        "waiting": pace.waiting,
        "streams": server.exchange.streams,
        "faults": [spec.name for spec in stand.faults.specs],
        "counts": counts_of(server),
        "accounts": {key: _account(server, key) for key in stand.slots},
    }


def counts_of(server: Server) -> dict[str, Any]:
    """Count answers by status (0: silence), orders, fills and faults that fired."""
    tables, statuses = server.stand.trace.tables, server.exchange.statuses
    return {
        "requests": server.exchange.asked,
        "answers": {str(status): statuses[status] for status in sorted(statuses)},
        "orders": server.stand.orders,
        "fills": len(tables["fill"]),
        "faults_fired": len(tables["fault"]),
        "liquidations": len(tables["liquidation"]),
    }


def _account(server: Server, key: str) -> dict[str, Any]:
    venue = server.stand.venue
    account = server.stand.slots[key].account
    return {
        "wallet": account.wallet,
        "fees": account.fees,
        "realised": account.realised,
        "positions": [
            {
                "symbol": position.symbol,
                "side": position.side,
                "quantity": position.quantity,
                "entry_price": position.entry_price,
            }
            for position in account.positions.values()
            if position.quantity
        ],
        "open_orders": [
            {
                "order": order.number,
                "client_id": order.client_id,
                "algo": order.algo,
                "symbol": order.symbol,
                "type": order.type,
                "side": order.side,
                "quantity": order.quantity,
                "price": order.price,
                "trigger_price": order.trigger_price,
                "state": order.state.value,
            }
            for order in venue.open_orders(account)
        ],
    }


def summary_lines(server: Server) -> list[str]:
    """Return what a person reads at the end, label and text in two columns."""
    stand, counts = server.stand, counts_of(server)
    now_us = server.pace.now_us
    answers = ", ".join(
        f"{number} × {status if status != '0' else 'silence'}" for status, number in counts["answers"].items()
    )
    rows = [
        ("served", f"{server.loaded.name}, seed {server.seed}: {server.ended or 'stopped'}"),
        ("time", f"{utc_text(stand.epoch_us)} to {utc_text(stand.epoch_us + now_us)} ({now_us / 1e6:.3f} s)"),
        ("requests", f"{counts['requests']}" + (f" ({answers})" if answers else "")),
        ("orders", f"{counts['orders']}, {counts['fills']} fills, {counts['liquidations']} liquidations"),
        ("faults", f"{counts['faults_fired']} fired"),
    ]
    for key, slot in stand.slots.items():
        account = slot.account
        held = ", ".join(
            f"{position.quantity:g} {position.symbol}" + (f" {position.side}" if account.hedge else "")
            for position in account.positions.values()
            if position.quantity
        )
        resting = len(stand.venue.open_orders(account))
        rows.append(
            (
                "account",
                f"{key}: wallet {account.wallet:,.2f}, realised {account.realised:+,.2f}, fees {account.fees:,.2f}, "
                f"{held or 'flat'}, {resting} open orders",
            )
        )
    rows += [("warning", error) for error in server.errors]
    return [f"{label:<9} {text}" for label, text in rows]
