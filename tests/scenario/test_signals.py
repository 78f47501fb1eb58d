"""Show how signal files are read and refused."""

# ruff: noqa: E501 (a case is one row of a table)

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest

from sim.scenario import IntentPlan, WorkloadSpec, plan_intents

Plan = Callable[..., list[IntentPlan]]
Messages = Callable[[Callable[[], object]], list[str]]

EPOCH_US = 1_705_276_800_000_000
HOUR_US = 3_600_000_000
HEADER = "time,symbol,side"
ROW = "2024-01-15T00:10:00Z,BTCUSDT,buy"


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Plan from the text of a CSV file called s.csv."""
    monkeypatch.chdir(tmp_path)

    def from_text(
        text: str | None, notes: list[str] | None = None, name: str = "s.csv", **spec: Any
    ) -> list[IntentPlan]:
        if text is not None:
            (tmp_path / name).write_text(text)
        workload = WorkloadSpec(signals=name, sl_pct=0.004, tp_pct=0.008, **spec)
        symbols = ["BTCUSDT", "ETHUSDT"]
        return plan_intents(workload, 1, HOUR_US, EPOCH_US, 60_000_000, symbols, tmp_path, notes)

    return from_text


def test_a_bare_signal_takes_the_workloads_values(plan: Plan) -> None:
    """Time, symbol and side are enough; everything else is the workload's."""
    [intent] = plan(f"{HEADER}\n{ROW}\n")
    assert (intent.number, intent.decided_us, intent.symbol, intent.direction) == (
        0,
        600_000_000,
        "BTCUSDT",
        1,
    )
    assert (intent.quantity, intent.notional, intent.plan_price) == (None, 1000.0, None)
    assert (intent.sl_pct, intent.tp_pct, intent.leverage, intent.hold_us) == (0.004, 0.008, 5, 900_000_000)


def test_a_full_signal_carries_its_own_values(plan: Plan) -> None:
    """Each column replaces the workload's value; an empty cell does not."""
    text = (
        "time,symbol,side,quantity,planned_price,sl_pct,tp_pct,leverage,hold_s\n"
        "1705277400000,ETHUSDT,SHORT,2,2500.5,0.01,0.02,20,60\n"
        "1705277401000,ETHUSDT,short,,,,,,\n"
    )
    own, default = plan(text)
    assert (own.symbol, own.direction, own.quantity, own.notional, own.plan_price) == (
        "ETHUSDT",
        -1,
        2,
        None,
        2500.5,
    )
    assert (own.sl_pct, own.tp_pct, own.leverage, own.hold_us) == (0.01, 0.02, 20, 60_000_000)
    assert (default.quantity, default.notional, default.leverage) == (None, 1000.0, 5)


@pytest.mark.parametrize(
    "moment", ["2024-01-15T00:10:00Z", "2024-01-15 00:10:00", "2024-01-15T02:10:00+02:00", "1705277400000"]
)
def test_a_time_is_utc_unless_it_says_otherwise(plan: Plan, moment: str) -> None:
    """ISO 8601 with and without offset, and ms since 1970, name the same moment."""
    [intent] = plan(f"{HEADER}\n{moment},BTCUSDT,sell\n")
    assert intent.decided_us == 600_000_000


def test_unsorted_signals_are_sorted_and_noted(plan: Plan) -> None:
    """Rows out of order are put in order, numbered so, and the note names the file."""
    notes: list[str] = []
    rows = [f"2024-01-15T00:{minute:02}:00Z,BTCUSDT,buy" for minute in (3, 1, 2)]
    intents = plan("\n".join([HEADER, *rows]), notes)
    assert [(one.number, one.decided_us // 60_000_000) for one in intents] == [(0, 1), (1, 2), (2, 3)]
    assert notes == ["s.csv: rows were out of time order in 1 places and have been sorted"]


def test_parquet_reads_like_csv(plan: Plan, tmp_path: Path) -> None:
    """A parquet file with timestamps, nulls and numbers gives the intents its CSV twin gives."""
    moment = datetime(2024, 1, 15, 0, 10, tzinfo=UTC)
    table = arrow.table(
        {
            "time": [moment, moment],
            "symbol": ["BTCUSDT", "ETHUSDT"],
            "side": ["buy", "sell"],
            "leverage": arrow.array([None, 20], arrow.int64()),
        }
    )
    parquet.write_table(table, tmp_path / "s.parquet")
    text = f"{HEADER},leverage\n{ROW},\n2024-01-15T00:10:00Z,ETHUSDT,sell,20\n"
    assert plan(None, name="s.parquet") == plan(text)


def test_the_number_of_intents_bounds_signals_too(plan: Plan) -> None:
    """intents keeps the earliest rows."""
    assert len(plan("\n".join([HEADER, ROW, ROW, ROW]), intents=2)) == 2


BAD = [
    ("time,symbol,sied\n", "s.csv: header: given 'sied', expected one of time, symbol, side,", "'side'"),
    ("time,symbol\n", "s.csv: header: side: given nothing, expected the columns time, symbol, side", ""),
    ("time,symbol,side,side\n", "s.csv: header: given 'side', expected each column once", ""),
    (f"{HEADER}\n", "s.csv: given 'no row', expected at least one signal", ""),
    (f"{HEADER}\n{ROW}\nsoon,BTCUSDT,buy\n", "s.csv: row 2: time: given 'soon', expected ISO 8601", ""),
    (f"{HEADER}\n2024-01-16T00:00:00Z,BTCUSDT,buy\n", "s.csv: row 1: time: given '2024-01-16T00:00:00Z', expected a time on the tape, 2024-01-15T00:00:00Z to 2024-01-15T01:00:00Z", ""),
    (f"{HEADER}\n1705277400,BTCUSDT,buy\n", "s.csv: row 1: time: given '1705277400', expected a time on the tape", ""),
    (f"{HEADER}\n2024-01-15T00:10:00Z,BTCUSDT,bu\n", "s.csv: row 1: side: given 'bu', expected one of buy, long, sell, short", "'buy'"),
    (f"{HEADER}\n2024-01-15T00:10:00Z,BTCUSD,buy\n", "s.csv: row 1: symbol: given 'BTCUSD', expected a symbol of the market: BTCUSDT", "'BTCUSDT'"),
    (f"{HEADER},quantity\n{ROW},0\n", "s.csv: row 1: quantity: given '0', expected a number > 0", ""),
    (f"{HEADER},quantity\n{ROW},nan\n", "s.csv: row 1: quantity: given 'nan', expected a number > 0", ""),
    (f"{HEADER},quantity\n{ROW},-1\n", "s.csv: row 1: quantity: given '-1', expected a number > 0", ""),
    (f"{HEADER},planned_price\n{ROW},x\n", "s.csv: row 1: planned_price: given 'x', expected a number > 0", ""),
    (f"{HEADER},sl_pct\n{ROW},4\n", "s.csv: row 1: sl_pct: given '4', expected a number > 0 and < 1", ""),
    (f"{HEADER},leverage\n{ROW},1.5\n", "s.csv: row 1: leverage: given '1.5', expected a whole number from 1 to 1000", ""),
    (f"{HEADER},hold_s\n{ROW},inf\n", "s.csv: row 1: hold_s: given 'inf', expected a number > 0 (seconds)", ""),
    (f"{HEADER},hold_s\n{ROW},1e300\n", "s.csv: row 1: hold_s: given '1e300', expected at most ", ""),
    (f"{HEADER},planned_price\n{ROW},1e308\n", "s.csv: row 1: planned_price: given '1e308', expected a number > 0 (a price from", ""),
    (f"{HEADER},quantity\n{ROW},1e300\n", "s.csv: row 1: quantity: given '1e300', expected a number > 0 (at most", ""),
    (f"{HEADER}\n{'1' * 5000},BTCUSDT,buy\n", "s.csv: row 1: time: given '1111", ""),
    (f"{HEADER}\n{ROW}\n{'x' * 200_000},BTCUSDT,buy\n", "s.csv:3: given 'field larger than field limit (131072)', expected a line of CSV", ""),
    (f"{HEADER}\n{ROW},3\n", "s.csv: row 1: given '4 cells', expected 3, as in the header", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "near"), BAD)
def test_an_unusable_signal_is_refused_by_file_row_and_column(
    plan: Plan, messages: Messages, text: str, line: str, near: str
) -> None:
    """A wrong cell is refused with its file, row and column, what was given and what is expected."""
    told = messages(lambda: plan(text))
    assert told[0].startswith(line)
    assert told[0].endswith(f"(did you mean {near}?)") or not near


def test_many_bad_rows_are_told_together_up_to_ten(plan: Plan, messages: Messages) -> None:
    """A broken file shows its first ten rows and not its ten thousandth."""
    told = messages(lambda: plan("\n".join([HEADER, *["soon,BTCUSDT,buy"] * 50])))
    assert [line.split(": ")[1] for line in told] == [f"row {row}" for row in range(1, 11)]


def test_a_broken_parquet_file_is_refused(plan: Plan, tmp_path: Path, messages: Messages) -> None:
    """A file that only begins like parquet is refused by name."""
    (tmp_path / "s.parquet").write_bytes(b"PAR1 and then nothing")
    [told] = messages(lambda: plan(None, name="s.parquet"))
    assert told.startswith("s.parquet: given ")
    assert told.endswith("expected a readable parquet file")


def test_a_signal_file_that_is_gone_is_refused(plan: Plan, messages: Messages) -> None:
    """A file removed after the scenario was loaded is refused by name."""
    [told] = messages(lambda: plan(None, name="gone.csv"))
    assert told == "workload.signals: given 'gone.csv', expected an existing CSV or parquet file"
