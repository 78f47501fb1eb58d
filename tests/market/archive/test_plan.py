"""Which files hold a span, and which words are refused."""

from __future__ import annotations

from datetime import date

import pytest

from sim.errors import InputError
from sim.market.archive import plan, series_of, span_of
from sim.market.archive.plan import shown_periods

TODAY = date(2025, 3, 10)


def _periods(first: str, last: str) -> list[str]:
    return [piece.period for piece in plan(*span_of(first, last, market="um", today=TODAY))]


@pytest.mark.parametrize(
    ("first", "last", "periods"),
    [
        ("2024-01-15", "2024-01-15", ["2024-01-15"]),
        ("2024-01", "2024-03", ["2024-01", "2024-02", "2024-03"]),
        ("2024-02-01", "2024-02-29", ["2024-02"]),
        ("2023-12-31", "2024-02-01", ["2023-12-31", "2024-01", "2024-02-01"]),
        ("2024-01-30", "2024-02", ["2024-01-30", "2024-01-31", "2024-02"]),
        ("2025-03-08", "2025-03", ["2025-03-08", "2025-03-09"]),
        ("2024-12", "2025-01-02", ["2024-12", "2025-01-01", "2025-01-02"]),
    ],
)
def test_whole_months_are_monthly_files(first: str, last: str, periods: list[str]) -> None:
    """Months that lie inside the span come whole, its ragged ends by days; a running month ends yesterday."""
    assert _periods(first, last) == periods


@pytest.mark.parametrize(
    ("first", "last", "where", "expected"),
    [
        ("2024-13", "2024-13", "FROM", "a date such as"),
        ("2024-02-30", "2024-03", "FROM", "a date such as 2024-01-15, or a month such as 2024-01 (day"),
        ("15.01.2024", "2024-03", "FROM", "a date such as"),
        ("2024-1-5", "2024-03", "FROM", "a date such as"),
        ("2024-01", "2024", "TO", "a date such as"),
        ("٢٠٢٤-01", "2024-03", "FROM", "a date such as"),
        ("0000-01", "2024-03", "FROM", "a date such as"),
        ("2024-03-02", "2024-03-01", "TO", "a day from FROM (2024-03-02) on"),
        ("2024-03", "2024-02", "TO", "a day from FROM (2024-03-01) on"),
        ("1970-01", "2024-02", "FROM", "2019-09-01"),
        ("2025-03-01", "2025-03-10", "TO", "a day up to 2025-03-09"),
        ("2025-03-01", "2025-04", "TO", "a day up to 2025-03-09"),
        ("2025-03-10", "2025-03-10", "FROM", "a day up to 2025-03-09"),
    ],
)
def test_spans_that_cannot_be_meant_are_refused(first: str, last: str, where: str, expected: str) -> None:
    """Each refusal names the word at fault and what would do."""
    with pytest.raises(InputError) as error:
        span_of(first, last, market="um", today=TODAY)
    assert error.value.where == where
    assert expected in error.value.expected


@pytest.mark.parametrize(
    ("market", "kind", "symbol", "interval", "message"),
    [
        ("um", "klines", "btcusdt", "1m", "SYMBOL: given 'btcusdt', .*did you mean 'BTCUSDT'"),
        ("um", "klines", "../etc", "1m", "SYMBOL: given '../etc'"),
        ("um", "klines", "BTC/USDT", "1m", "SYMBOL: .*did you mean 'BTCUSDT'"),
        ("um", "kline", "BTCUSDT", "1m", "KIND: given 'kline', .*did you mean 'klines'"),
        ("um", "klines", "BTCUSDT", "2m", "INTERVAL: given '2m', expected one of 1m, 3m"),
        ("um", "klines", "BTCUSDT", "1s", "INTERVAL: given '1s', .*with --market um"),
        ("um", "klines", "BTCUSDT", "1w", "INTERVAL: given '1w', .*no path is made of longer bars"),
        ("um", "klines", "BTCUSDT", "-", "INTERVAL: given '-', expected one of"),
        ("um", "aggTrades", "BTCUSDT", "1m", "INTERVAL: given '1m', expected - "),
        ("spot", "markPriceKlines", "BTCUSDT", "1m", "KIND: given 'markPriceKlines', .*with --market spot"),
        ("cm", "klines", "BTCUSD_PERP", "1m", "--market: given 'cm', expected a market: one of spot, um"),
    ],
)
def test_series_in_no_archive_are_refused(
    market: str, kind: str, symbol: str, interval: str, message: str
) -> None:
    """A wrong word is refused before anything is asked of a server."""
    with pytest.raises(InputError, match=message):
        series_of(market, kind, symbol, interval)


@pytest.mark.parametrize(
    ("market", "kind", "interval", "period", "path"),
    [
        ("um", "klines", "1m", "2024-01", "data/futures/um/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2024-01.zip"),
        (
            "um",
            "markPriceKlines",
            "5m",
            "2024-01-02",
            "data/futures/um/daily/markPriceKlines/BTCUSDT/5m/BTCUSDT-5m-2024-01-02.zip",
        ),
        (
            "um",
            "aggTrades",
            "-",
            "2024-01",
            "data/futures/um/monthly/aggTrades/BTCUSDT/BTCUSDT-aggTrades-2024-01.zip",
        ),
        ("spot", "klines", "1s", "2024-01", "data/spot/monthly/klines/BTCUSDT/1s/BTCUSDT-1s-2024-01.zip"),
    ],
)
def test_paths_are_those_of_the_archive(
    market: str, kind: str, interval: str, period: str, path: str
) -> None:
    """The layout is that of binance-facts 9."""
    assert series_of(market, kind, "BTCUSDT", interval).path(period) == path


def test_runs_of_days_are_shown_as_one() -> None:
    """A long list of missing days stays readable."""
    pieces = plan(*span_of("2024-01-15", "2024-02-02", market="um", today=TODAY))
    del pieces[3]
    assert shown_periods(pieces) == ["2024-01-15 to 2024-01-17", "2024-01-19 to 2024-02-02"]
