"""Show for each way to write a scenario wrong the one line its author reads."""

# ruff: noqa: E501 (a case is one row of a table)

from collections.abc import Callable
from pathlib import Path

import pytest

from sim.cli import main
from sim.scenario import LoadedScenario, load_scenario

Load = Callable[..., LoadedScenario]
Messages = Callable[[Callable[[], object]], list[str]]

KLINES = 'klines = "embedded:BTCUSDT-1m-2024-01-15"'
REQUEST = 'request = { law = "lognormal", p50_ms = 30, p99_ms = 200 }'
RATE = "how = { rate = 0.05 }"
DRIFT = '{ kind = "drift", at = "14:20:00", pct_per_s = -0.05, for_s = 120 }'


def above(table: str, text: str) -> tuple[str, str]:
    """Put text in front of a table."""
    return table, f"{text}\n{table}"


def shock(text: str) -> tuple[str, str]:
    """Lay one shock over the base scenario's tape."""
    return above("[workload]", f"shock = [{{ {text} }}]")


CASES = [
    # Unknown keys, at every depth.
    ('title = "t"', 'titel = "t"', "s.toml:1: titel: given 'titel', expected a key of the file: account, ", "'title'"),
    ("every_s", "evry_s", "s.toml:5: workload.evry_s: given 'evry_s', expected a key of workload: ", "'every_s'"),
    ("p50_ms", "p50", "s.toml:9: latency.request.p50: given 'p50', expected a key of latency.request: law", "'p50_ms'"),
    ("mean_gap_s", "mean_gap", "s.toml:20: faults[1].how.burst.mean_gap: given 'mean_gap', expected a key of", "'mean_gap_s'"),
    ("{ call =", "{ cal =", "s.toml:15: faults[0].match.cal: given 'cal', expected a key of faults[0].match: call", "'call'"),
    (*above("[workload]", "mark = { basis = 5 }"), "s.toml:4: market.mark.basis: given 'basis', expected a key of", "'basis_bps'"),
    (*above("[workload]", f"shock = [\n{DRIFT},\n{DRIFT.replace('for_s', 'for')}]"), "s.toml:6: market.shock[1].for: given 'for'", "'for_s'"),
    (*above("[latency]", "[client]\ntimeout = 5"), "s.toml:9: client.timeout: given 'timeout', expected a key of client", "'timeout_s'"),
    # Wrong types.
    ('title = "t"', "title = 5", "s.toml:1: title: given 5, expected text", ""),
    ("every_s = 60", 'every_s = "60"', "s.toml:5: workload.every_s: given '60', expected a number from 0.001 to 31622400", ""),
    ("every_s = 60", "every_s = true", "s.toml:5: workload.every_s: given true, expected a number", ""),
    ("every_s = 60", "every_bars = 1.5", "s.toml:5: workload.every_bars: given 1.5, expected a whole number from 1 to", ""),
    (KLINES, "klines = 5", "s.toml:3: market.klines: given 5, expected text or a list of at least 1, each text", ""),
    (KLINES, 'klines = ["s.toml", 7]', "s.toml:3: market.klines[1]: given 7, expected text", ""),
    (KLINES, "klines = []", "s.toml:3: market.klines: given [], expected text or a list of at least 1", ""),
    (REQUEST, "request = 5", 's.toml:9: latency.request: given 5, expected a table with law = "lognormal" or', ""),
    (RATE, "how = 3", "s.toml:14: faults[0].how: given 3, expected a table of rate, burst, window, windows, script, coupled, scope", ""),
    (*above("[workload]", "[market.filters]\nXUSDT = 5"), "s.toml:5: market.filters.XUSDT: given 5, expected a table of tick", ""),
    (*above("[latency]", "[limits]\nevents = 1e6"), "s.toml:9: limits.events: given 1000000.0, expected a whole number >= 1", ""),
    ("code = -1001", 'code = "x"', "s.toml:12: faults[0].code: given 'x', expected a whole number < 0", ""),
    (*above("[workload]", "from = []"), 's.toml:4: market.from: given [], expected "HH:MM:SS" or a number of seconds', ""),
    # Out of range.
    ("every_s = 60", "every_s = 0", "s.toml:5: workload.every_s: given 0, expected a number from 0.001", ""),
    ("every_s = 60", "every_s = inf", "s.toml:5: workload.every_s: given inf, expected a finite number", ""),
    ("sl_pct = 0.004", "sl_pct = 40", "s.toml:6: workload.sl_pct: given 40, expected a number > 0 and < 1", ""),
    (*above("[latency]", "leverage = 0"), "s.toml:8: workload.leverage: given 0, expected a whole number from 1 to 1000", ""),
    (RATE, "how = { rate = 5 }", "s.toml:14: faults[0].how.rate: given 5, expected a number from 0 to 1", ""),
    (RATE, "how = { rate = nan }", "s.toml:14: faults[0].how.rate: given nan, expected a finite number", ""),
    (RATE, "how = { script = [\n1,\n0] }", "s.toml:16: faults[0].how.script[1]: given 0, expected a whole number >= 1", ""),
    ("applied = 0.0", "applied = 1.5", "s.toml:13: faults[0].applied: given 1.5, expected a number from 0 to 1", ""),
    (*above("[latency]", "[fills]\ntaker_fee = 5"), "s.toml:9: fills.taker_fee: given 5, expected a number from 0 to 0.1", ""),
    (*above("[latency]", "[account]\nwallet = 0"), "s.toml:9: account.wallet: given 0, expected a number > 0 and <= 1000000000000000", ""),
    (*above("[latency]", "[account]\nwallet = inf"), "s.toml:9: account.wallet: given inf, expected a finite number", ""),
    (*above("[latency]", '[account]\nwallet = "1000"'), "s.toml:9: account.wallet: given '1000', expected a number > 0", ""),
    (*above("[latency]", "[account]\nhedge_mode = 1"), "s.toml:9: account.hedge_mode: given 1, expected true or false", ""),
    (*above("[latency]", "[account]\nhedgemode = true"), "s.toml:9: account.hedgemode: given 'hedgemode', expected a key of account: hedge_mode, maker_fee,", "'hedge_mode'"),
    (*above("[latency]", "[account]\ntaker_fee = -0.1"), "s.toml:9: account.taker_fee: given -0.1, expected a number from 0 to 0.1", ""),
    (*above("[latency]", "[account]\ntaker_fee = 0.001\n[fills]\ntaker_fee = 0.0005"), "s.toml:9: account.taker_fee: given 0.001, expected no taker_fee here, as fills.taker_fee states it", ""),
    (*above("[latency]", "[check]\nseeds = [1, -1]"), "s.toml:9: check.seeds[1]: given -1, expected a whole number >= 0", ""),
    (REQUEST, 'request = { law = "empirical", values_ms = [1] }', "s.toml:9: latency.request.values_ms: given [1], expected a list of at least 2", ""),
    # Names that do not exist.
    (*above("[market]", 'rules = "2025-1"'), "s.toml:2: rules: given '2025-1', expected one of 2025-01, 2025-12-09", "'2025-01'"),
    (*above("[market]", 'isolation = "acount"'), "s.toml:2: isolation: given 'acount', expected one of intent, account", "'account'"),
    (*above("[workload]", 'path = "bridges"'), "s.toml:4: market.path: given 'bridges', expected one of recorded, shapes, bridge, line", "'bridge'"),
    (*above("[workload]", 'problems = { gaps = "flatt" }'), "s.toml:4: market.problems.gaps: given 'flatt', expected one of", "'flat'"),
    (*above("[latency]", 'side = "longs"'), "s.toml:8: workload.side: given 'longs', expected one of both, long, short", "'long'"),
    ('kind = "timeout"', 'kind = "time-out"', "s.toml:18: faults[1].kind: given 'time-out', expected one of connect, network_down, timeout,", "'timeout'"),
    ('kind = "timeout"', "", "s.toml:16: faults[1].kind: given nothing, expected one of connect, network_down, timeout,", ""),
    (*above("[workload]", f"shock = [{DRIFT.replace('drift', 'drif')}]"), "s.toml:4: market.shock[0].kind: given 'drif', expected one of drift, crash, gap, whipsaw, wick, basis, freeze, halt", "'drift'"),
    ('law = "lognormal"', 'law = "log-normal"', "s.toml:9: latency.request.law: given 'log-normal', expected one of lognormal,", "'lognormal'"),
    ('truth = "applied"', 'truth = "apply"', "s.toml:19: faults[1].truth: given 'apply', expected one of not_applied, applied,", "'applied'"),
    ('call = "order"', 'call = "ordr"', "s.toml:15: faults[0].match.call: given 'ordr', expected one of cancel, order,", "'order'"),
    ('call = "order"', 'role = "trailin"', "s.toml:15: faults[0].match.role: given 'trailin', expected one of entry, sl,", "'trailing'"),
    ("code = -1001", "code = -9", "s.toml:12: faults[0].code: given -9, expected one of -1000, -1001", ""),
    (*above("[latency]", '[check]\npolicies = ["d8"]'), "s.toml:9: check.policies[0]: given 'd8', expected a shipped policy", "'d7'"),
    (KLINES, 'klines = "embedded:BTCUSDT-1m-2024-01-14"', "s.toml:3: market.klines: given 'embedded:BTCUSDT-1m-2024-01-14', expected one of embedded:", "'embedded:BTCUSDT-1m-2024-01-15'"),
    # Missing.
    ('title = "t"', "", "s.toml: title: given nothing, expected text that is not empty", ""),
    ("sl_pct = 0.004", "", "s.toml:4: workload.sl_pct: given nothing, expected a number > 0 and < 1", ""),
    ('name = "b"', "", "s.toml:16: faults[1].name: given nothing, expected a name of a to z", ""),
    (KLINES, "", "s.toml:2: market.klines: given nothing, expected embedded:NAME, a path or a glob", ""),
    (KLINES, 'klines = "data/*.zip"', "s.toml:3: market.klines: given 'data/*.zip', expected a file, or a glob that matches one", ""),
    ("every_s = 60", 'signals = "s.tml"', "s.toml:5: workload.signals: given 's.tml', expected a file", "'s.toml'"),
    # Impossible combinations.
    ("every_s = 60", "every_s = 60\nevery_bars = 1", "s.toml:4: workload: given every_s, every_bars, expected exactly one of every_s", ""),
    ("every_s = 60", "", "s.toml:4: workload: given none, expected exactly one of every_s, every_bars, poisson_per_hour", ""),
    (*above("[latency]", "notional = 9\nquantity = 1"), "s.toml:4: workload: given notional, quantity, expected exactly one of notional", ""),
    ('name = "b"', 'name = "a"', "s.toml:17: faults[1].name: given 'a', expected a name of its own (faults[0] has this one)", ""),
    ('name = "b"', 'name = "B b"', "s.toml:17: faults[1].name: given 'B b', expected a name of a to z, 0 to 9 and _", ""),
    ("p50_ms = 30", "p50_ms = 300", "s.toml:9: latency.request.p99_ms: given 200.0, expected >= p50_ms=300.0", ""),
    ("applied = 0.0", "", "s.toml:10: faults[0]: given code=-1001, expected applied (0 to 1) beside it, as it may hide", ""),
    ("applied = 0.0", "applied = 1.5", "s.toml:13: faults[0].applied: given 1.5, expected", ""),
    ('truth = "applied"', 'truth = "applied_late"', 's.toml:16: faults[1]: given truth="applied_late", expected late_s (seconds) beside it', ""),
    ('truth = "applied"', 'truth = "applied"\nlate_s = 3', "s.toml:20: faults[1].late_s: given 3.0, expected no late_s, which belongs to", ""),
    (RATE, "how = { rate = 0.05, script = [1] }", "s.toml:14: faults[0].how: given rate, script, expected exactly one of rate, burst", ""),
    (RATE, 'how = { rate = 0.5, scope = "run" }', 's.toml:14: faults[0].how.scope: given "run", expected no scope, which belongs to', ""),
    (RATE, 'how = { window = { at = "7:00", for_s = 5 } }', "s.toml:14: faults[0].how.window.at: given '7:00', expected \"HH:MM:SS\" or seconds", ""),
    (*above("[workload]", f"shock = [{DRIFT.replace('14:20', '25:20')}]"), "s.toml:4: market.shock[0].at: given '25:20:00', expected \"HH:MM:SS\" or seconds since", ""),
    (*above("[workload]", f"shock = [{DRIFT.replace('-0.05', '-1')}]"), "s.toml:4: market.shock[0]: given pct_per_s * for_s = -120, expected above -100", ""),
    (*above("[workload]", "from = 100\nto = 50"), "s.toml:5: market.to: given 50.0, expected a time after from=100", ""),
    (*above("[workload]", 'path = "line"'), "s.toml:2: market.line: given nothing, expected line = {start_price, pct_per_s}", ""),
    (*above("[workload]", 'path = "line"\nline = { start_price = 9, pct_per_s = 0 }'), "s.toml:3: market.klines: given 'embedded:BTCUSDT-1m-2024-01-15', expected no klines", ""),
    (KLINES, 'path = "line"\nline = { start_price = 9, pct_per_s = -1 }', "s.toml:4: market.line.pct_per_s: given -1.0, expected above -0.0277778", ""),
    (*above("[workload]", "[market.filters.XUSDT]\ntick = 0.001\nstep = 1\nmin_notional = 5\nprice_decimals = 2"), "s.toml:8: market.filters.XUSDT.price_decimals: given 2, expected at least 3", ""),
    (*above("[latency]", "[check]\nseeds = [1, 1]"), "s.toml:9: check.seeds[1]: given 1, expected seeds without repetition", ""),
    (*above("[latency]", "[settle]\nsettle_s = 5\n[invariants]\nsettle_belief_s = 9"), "s.toml:11: invariants.settle_belief_s: given 9.0, expected at most settle.settle_s=5", ""),
    (*above("[latency]", "decision_delay_s = 900"), "s.toml:8: workload.decision_delay_s: given 900.0, expected less than hold_s=900", ""),
    (*above("[latency]", f"[check]\nseeds = [1, {2**63}]"), "s.toml:9: check.seeds[1]: given 9223372036854775808, expected a whole number below 2^63", ""),
    (*above("[workload]", "episode_s = 1e-9"), "s.toml:4: market.episode_s: given 1e-09, expected a number from 0.001 to", ""),
    (*above("[workload]", "mark = { basis_bps = 1e9 }"), "s.toml:4: market.mark.basis_bps: given 1000000000.0, expected a number > -10000 and <= 10000", ""),
    (*above("[workload]", "[market.filters.XUSDT]\ntick = 1e-300\nstep = 1\nmin_notional = 5"), "s.toml:5: market.filters.XUSDT.tick: given 1e-300, expected a number from 1e-12", ""),
    (*above("[workload]", f"shock = [{DRIFT.replace('-0.05', '1e300')}]"), "s.toml:4: market.shock[0]: given pct_per_s * for_s = 1.2e+302, expected at or below 10000", ""),
    # What the venue grants, and the client's clock.
    (*above("[latency]", "[limits]\nweight = 5"), "s.toml:9: limits.weight: given 'weight', expected a key of limits: algo_orders_count, ", "'weight_per_min'"),
    (*above("[latency]", "[limits]\nweight_per_min = 0"), "s.toml:9: limits.weight_per_min: given 0, expected a whole number from 1 to", ""),
    (*above("[latency]", "[limits]\nweight_per_min = 2400.0"), "s.toml:9: limits.weight_per_min: given 2400.0, expected a whole number from 1 to", ""),
    (*above("[latency]", "[limits]\norders_per_10s = -1"), "s.toml:9: limits.orders_per_10s: given -1, expected a whole number from 1 to", ""),
    (*above("[latency]", "[limits]\norders_per_min = true"), "s.toml:9: limits.orders_per_min: given true, expected a whole number from 1 to", ""),
    (*above("[latency]", '[limits]\nshared_ip = "yes"'), "s.toml:9: limits.shared_ip: given 'yes', expected true or false", ""),
    (*above("[latency]", "[limits]\nenforce = 0"), "s.toml:9: limits.enforce: given 0, expected true or false", ""),
    (*above("[latency]", "[limits]\nban_growth = 0.5"), "s.toml:9: limits.ban_growth: given 0.5, expected a number from 1 to 1000", ""),
    (*above("[latency]", "[limits]\nban_first_s = 300\nban_longest_s = 60"), "s.toml:10: limits.ban_longest_s: given 60, expected at least ban_first_s=300", ""),
    (*above("[latency]", "[limits]\nservice_ms = 0.0001"), "s.toml:9: limits.service_ms: given 0.0001, expected 0 or at least 0.001, a microsecond", ""),
    (*above("[latency]", "[limits]\nqueue_most = 5"), "s.toml:8: limits: given queue_most=5, expected service_ms above 0 beside it", ""),
    (*above("[latency]", "[limits]\nservice_ms = 1\nqueue_most = 0"), "s.toml:10: limits.queue_most: given 0, expected a whole number >= 1", ""),
    (*above("[latency]", '[limits]\noverload = { at = "14:20:00", for_s = 5 }'), "s.toml:9: limits.overload: given {'at': '14:20:00', 'for_s': 5}, expected a list", ""),
    (*above("[latency]", '[limits]\noverload = [{ at = "14:20", for_s = 5 }]'), "s.toml:9: limits.overload[0].at: given '14:20', expected \"HH:MM:SS\" or seconds since", ""),
    (*above("[latency]", '[limits]\nblocked = [{ at = "14:20:00", for_s = 0 }]'), "s.toml:9: limits.blocked[0].for_s: given 0, expected a number > 0 and <= 86400", ""),
    (*above("[latency]", '[limits]\nblocked = [{ at = "14:20:00", fors = 5 }]'), "s.toml:9: limits.blocked[0].fors: given 'fors', expected a key of limits.blocked[0]: at, for_s", "'for_s'"),
    (*above("[latency]", "[client]\nclock_offset_ms = 1e9"), "s.toml:9: client.clock_offset_ms: given 1000000000.0, expected a number from -86400000 to 86400000", ""),
    (*above("[latency]", "[client]\nclock_ofset_ms = 5"), "s.toml:9: client.clock_ofset_ms: given 'clock_ofset_ms', expected a key of client", "'clock_offset_ms'"),
    # Shocks, one row for each way to write a kind wrong.
    (*shock('kind = "crash", at = "14:20:00", pct = -60, depth = 2'), "s.toml:4: market.shock[0]: given pct * depth = -120, expected above -100 (the price above 0)", ""),
    (*shock('kind = "crash", at = "14:20:00", pct = -3, dept = 2'), "s.toml:4: market.shock[0].dept: given 'dept', expected a key of market.shock[0]: at, depth, kind,", "'depth'"),
    (*shock('kind = "gap", at = "14:20:00", pct = -100'), "s.toml:4: market.shock[0].pct: given -100, expected a number > -100 and <= 10000", ""),
    (*shock('kind = "gap", at = "14:20:00"'), "s.toml:4: market.shock[0].pct: given nothing, expected a number > -100 and <= 10000", ""),
    (*shock('kind = "gap", at = "14:20:00.1234567", pct = -3'), "s.toml:4: market.shock[0].at: given '14:20:00.1234567', expected \"HH:MM:SS\" or seconds", ""),
    (*shock('kind = "gap", at = true, pct = -3'), 's.toml:4: market.shock[0].at: given true, expected "HH:MM:SS" or a number of seconds', ""),
    (*shock('kind = "whipsaw", at = 5, pct = 100'), "s.toml:4: market.shock[0]: given -pct * depth (the swing to the other side) = -100, expected above -100", ""),
    (*shock('kind = "whipsaw", at = 5, pct = 1, swings = 0'), "s.toml:4: market.shock[0].swings: given 0, expected a whole number from 1 to 100", ""),
    (*shock('kind = "wick", at = 5, pct = -3, over_s = 1'), "s.toml:4: market.shock[0].over_s: given 'over_s', expected a key of market.shock[0]: at, depth, for_s,", "'for_s'"),
    (*shock('kind = "basis", at = 5, bps = -9999, for_s = 1'), "s.toml:4: market.shock[0].bps: given -9999, expected a number from -9000 to 100000", ""),
    (*shock('kind = "basis", at = 5, bps = 20, for_s = 1, ramp_s = -1'), "s.toml:4: market.shock[0].ramp_s: given -1, expected a number from 0 to 31622400", ""),
    (*shock('kind = "freeze", at = 5, for_s = 0'), "s.toml:4: market.shock[0].for_s: given 0, expected a number > 0 and <= 31622400", ""),
    (*shock('kind = "freez", at = 5, for_s = 1'), "s.toml:4: market.shock[0].kind: given 'freez', expected one of drift, crash,", "'freeze'"),
    (*shock('kind = "halt", at = 5, for_s = 1, reopen = 2'), "s.toml:4: market.shock[0].reopen: given 'reopen', expected a key of market.shock[0]: at, for_s, kind, reopen_pct", "'reopen_pct'"),
    # Places that cannot be looked at.
    (KLINES, 'klines = "~nobody-of-this-name/a.csv"', "s.toml:3: market.klines: given '~nobody-of-this-name/a.csv', expected a file", ""),
    (KLINES, f'klines = "{"a" * 400}.csv"', "s.toml:3: market.klines: given 'aaaa", ""),
    ("every_s = 60", f'signals = "{"a" * 400}.csv"', "s.toml:5: workload.signals: given 'aaaa", ""),
    # Not TOML.
    ('title = "t"', f"title = {'9' * 5000}", "s.toml: given 'this file', expected valid TOML: a number has too many digits", ""),
    ('title = "t"', f"title = {'[' * 5000}", "s.toml: given 'this file', expected valid TOML: tables or lists are nested deeper than 50", ""),
    ('title = "t"', f"a{'.a' * 60} = 1", "s.toml: given 'this file', expected valid TOML: tables or lists are nested deeper than 50", ""),
    ('title = "t"', 'title = "t', "s.toml:1: given 'title = \"t', expected valid TOML: ", ""),
    ("[workload]", "[workload", "s.toml:4: given '[workload', expected valid TOML: ", ""),
    ('name = "b"', 'name = "b"\nname = "c"', "s.toml:18: given 'name = \"c\"', expected valid TOML: Cannot overwrite a value", ""),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "near"), CASES)
def test_one_line_says_where_what_and_what_instead(
    load: Load, messages: Messages, old: str, new: str, line: str, near: str
) -> None:
    """One wrong value is refused with one line: file, line, place, given, expected, nearest name."""
    [told] = messages(lambda: load(old, new))
    assert told.startswith(line)
    assert told.endswith(f"(did you mean {near}?)" if near else "") or not near
    assert near or "did you mean" not in told
    assert "pydantic" not in told


@pytest.mark.parametrize(("old", "new", "line", "near"), CASES)
def test_the_command_line_says_the_same_and_writes_nothing(
    load: Load,
    messages: Messages,
    capsys: pytest.CaptureFixture[str],
    old: str,
    new: str,
    line: str,
    near: str,
) -> None:
    """Exit status 2, one line on standard error, no traceback, no file that was not there."""
    [told] = messages(lambda: load(old, new))
    before = sorted(Path.cwd().rglob("*"))
    assert main(["run", "s.toml"]) == 2
    shown = capsys.readouterr()
    assert shown.err == f"error: {told}\n"
    assert shown.out == ""
    assert sorted(Path.cwd().rglob("*")) == before


def test_all_wrong_values_are_told_together_in_the_order_of_the_file(load: Load, messages: Messages) -> None:
    """Several wrong values are refused at once, one line each, sorted by line."""
    new = 'title = 5\nrules = "2024"\n[client]\ntimeout_s = -1\n[settle]\nsettle_s = "x"\n[fills]\nspread = 1'
    told = messages(lambda: load('title = "t"', new))
    assert [line.split(": ")[:2] for line in told] == [
        ["s.toml:1", "title"],
        ["s.toml:2", "rules"],
        ["s.toml:4", "client.timeout_s"],
        ["s.toml:6", "settle.settle_s"],
        ["s.toml:8", "fills.spread"],
    ]


def test_a_file_that_is_not_text_is_refused(tmp_path: Path, messages: Messages) -> None:
    """Bytes that are not UTF-8 are refused by name."""
    (tmp_path / "s.toml").write_bytes(b"title = '\xff'")
    [told] = messages(lambda: load_scenario(tmp_path / "s.toml"))
    assert told.endswith("s.toml: given b'\\xff', expected UTF-8 text")


@pytest.mark.parametrize(
    ("name", "line", "near"),
    [
        ("quickstrt", "scenario: given 'quickstrt', expected a shipped scenario", "'quickstart'"),
        ("quickstrt.toml", "scenario: given 'quickstrt.toml', expected an existing file", "'quickstart'"),
        (
            "near/thee.toml",
            "scenario: given 'near/thee.toml', expected an existing file",
            "'near/three.toml'",
        ),
    ],
)
def test_an_unknown_scenario_lists_the_shipped_ones_and_the_nearest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, messages: Messages, name: str, line: str, near: str
) -> None:
    """A name or path that leads nowhere is refused with the valid names and the nearest."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "near").mkdir()
    (tmp_path / "near" / "three.toml").touch()
    [told] = messages(lambda: load_scenario(name))
    assert told.startswith(line)
    assert "calm_baseline" in told
    assert told.endswith(f"(did you mean {near}?)")
