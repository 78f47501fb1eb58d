"""``sim klines``: market files, from the public archives to what a scenario has to say about them."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from sim.api.klines import (
    FEW_SHAPES,
    FOLDER,
    JOBS_MOST,
    RETRIES_MOST,
    check_klines,
    fetch_klines,
    learn_shapes,
)
from sim.api.values import whole_number
from sim.cli.files_bar import files_bar
from sim.cli.klines_text import fetch_json, fetch_lines, report_json, report_lines
from sim.errors import InputError

if TYPE_CHECKING:
    from sim.market.archive import FetchReport
    from sim.market.inspect import SetReport

_EXIT: Final = {"as it is": 0, "with a policy": 1, "not at all": 2}

app = typer.Typer(rich_markup_mode=None)


@app.callback(invoke_without_command=True)
def _klines(context: typer.Context) -> None:
    """Fetch market files from Binance's public archives, check what is in a file, learn shapes from seconds.

    \b
    Examples:
      sim klines fetch BTCUSDT klines 1m 2024-01 2024-03
      sim klines check klines
      sim klines shapes "klines/um/aggTrades/BTCUSDT-aggTrades-*.zip" --out btc.npz
    """
    if context.invoked_subcommand is None:
        print(context.get_help())


@app.command("fetch")
def fetch(
    symbol: Annotated[str, typer.Argument(metavar="SYMBOL", help="As Binance writes it: BTCUSDT.")],
    kind: Annotated[str, typer.Argument(metavar="KIND", help="klines, markPriceKlines or aggTrades.")],
    interval: Annotated[
        str, typer.Argument(metavar="INTERVAL", help="1m, 5m, 1h …; - (or left out) for aggTrades.")
    ],
    first: Annotated[
        str | None, typer.Argument(metavar="FROM", help="The first day, 2024-01-15, or month, 2024-01 (UTC).")
    ] = None,
    last: Annotated[
        str | None, typer.Argument(metavar="TO", help="The last day or month, inclusive (default: FROM).")
    ] = None,
    market: Annotated[
        str, typer.Option(metavar="um|spot", help="um: USDS-M futures; spot: klines only.")
    ] = "um",
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Files go to DIR/MARKET/KIND.")] = FOLDER,
    base_url: Annotated[
        str | None, typer.Option(metavar="URL", help="A mirror of https://data.binance.vision.")
    ] = None,
    jobs: Annotated[
        int,
        typer.Option(
            metavar="N", parser=whole_number("--jobs", least=1), help=f"Downloads at once, up to {JOBS_MOST}."
        ),
    ] = 4,
    retries: Annotated[
        int,
        typer.Option(
            metavar="N",
            parser=whole_number("--retries", least=0),
            help=f"Further tries for each file, up to {RETRIES_MOST}.",
        ),
    ] = 4,
    quiet: Annotated[
        bool,
        typer.Option("--quiet", "-q", help="Print no progress, and of the result only what is not there."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
) -> int:
    """Fetch the files of one symbol from Binance's public archives (data.binance.vision).

    Whole months come as monthly files (as daily ones, where the month is not published), other days as daily
    files.  Each is verified against its published sha256; what is there and verifies is not fetched again, and
    a download that was cut goes on where it stopped.  Exits with 1 when anything asked for is missing; all
    else is kept.

    \b
    Examples:
      sim klines fetch BTCUSDT klines 1m 2024-01 2024-03
      sim klines fetch ETHUSDT markPriceKlines 1m 2025-10-09 2025-10-12
      sim klines fetch SOLUSDT aggTrades 2025-02-03 --out /data/binance
    """
    interval, first, last = _without_interval(kind, interval, first, last)
    try:
        with files_bar(not quiet and not as_json) as progress:
            report = fetch_klines(
                symbol,
                kind,
                interval,
                first,
                last,
                market=market,
                out=out,
                base_url=base_url,
                jobs=jobs,
                retries=retries,
                progress=progress,
            )
    except KeyboardInterrupt:
        # Struck twice, it must not cut this short: the main command would claim that nothing was written.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        print(
            f"interrupted; whole files stay in {out / market / kind}, and the same command goes on from there",
            file=sys.stderr,
        )
        raise SystemExit(130) from None
    return _tell(report, quiet=quiet, as_json=as_json)


def _without_interval(kind: str, interval: str, first: str | None, last: str | None) -> tuple[str, str, str]:
    """Let trades, which have no interval, leave its place out; TO is FROM unless given."""
    from sim.market.archive.plan import looks_like_date

    if kind == "aggTrades" and looks_like_date(interval):
        if last is not None:
            raise InputError("INTERVAL", interval, "- (or nothing): trades have no interval")
        interval, first, last = "-", interval, first
    if first is None:
        raise InputError("FROM", "nothing", "a date such as 2024-01-15, or a month such as 2024-01")
    return interval, first, first if last is None else last


def _tell(report: FetchReport, *, quiet: bool, as_json: bool) -> int:
    out, wrong = fetch_lines(report)
    if as_json:
        print(json.dumps(fetch_json(report), indent=2))
    elif not quiet:
        for line in out:
            print(line)
    for line in wrong:
        print(line, file=sys.stderr)
    return 0 if report.complete else 1


@app.command("check")
def check(
    path: Annotated[
        str, typer.Argument(metavar="PATH", help="A file, a glob (in quotes), a folder, or embedded:NAME.")
    ],
    tick: Annotated[
        str | None,
        typer.Option(
            metavar="STEP", help="The venue's tick (default: that of the built-in filters, if any)."
        ),
    ] = None,
    jump_pct: Annotated[
        float, typer.Option(metavar="PCT", help="Report moves of more per cent from one row to the next.")
    ] = 5.0,
    jump_sigmas: Annotated[
        float, typer.Option(metavar="N", help="The same in standard deviations of all moves.")
    ] = 30.0,
    far_pct: Annotated[
        float,
        typer.Option(metavar="PCT", help="Report single prints and wicks further off their neighbours."),
    ] = 1.0,
    most: Annotated[
        int,
        typer.Option(
            metavar="N", parser=whole_number("--most", least=0), help="Places to print of each finding."
        ),
    ] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, with every place.")] = False,
) -> int:
    """Tell what market files hold, what is odd about them, and what a scenario must say to load them.

    A file and a glob are taken as a scenario takes them, as one tape; a folder is sorted into tapes first.
    Exits with 0 when all load as they are, 1 when one loads only with what is printed, 2 when one cannot be
    used.

    \b
    Examples:
      sim klines check embedded:BTCUSDT-1m-2024-01-15
      sim klines check "klines/um/klines/BTCUSDT-1m-*.zip"
      sim klines check klines --json
    """
    from sim.market.inspect import Limits

    for option, value in (
        ("--jump-pct", jump_pct),
        ("--jump-sigmas", jump_sigmas),
        ("--far-pct", far_pct),
    ):
        if not value > 0:
            raise InputError(option, value, "a number above 0")
    limits = Limits(jump_pct, jump_sigmas, far_pct)
    reports: list[SetReport] = []
    for report in check_klines(path, tick=tick, limits=limits):
        if not as_json:
            if reports:
                print()
            for line in report_lines(report, most):
                print(line)
        reports.append(report)
    if as_json:
        print(json.dumps({"sets": [report_json(report) for report in reports]}, indent=2, ensure_ascii=False))
    return max(_EXIT[report.loads] for report in reports)


@app.command("shapes")
def shapes(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH…", help="Tapes of trades or of one-second bars: files or globs."),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the library goes (.npz).")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
) -> int:
    """Learn from recorded seconds what one-minute bars do inside, for a scenario to fill its bars with.

    The library holds places in time and levels within a bar's range, no prices and no dates.  Write
    shapes = "FILE" under [market] to use it in place of the shipped one.

    \b
    Examples:
      sim klines shapes "klines/um/aggTrades/BTCUSDT-aggTrades-2024-*.zip" --out btc.npz
    """
    library = learn_shapes(paths, out)
    if as_json:
        told = {
            "shapes": len(library),
            "file": str(out),
            "sha256": library.sha256,
            "sources": library.sources,
        }
        print(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        print(f"{len(library):,} shapes of one-minute bars in {out}")
        if len(library) < FEW_SHAPES:
            print(
                f"few: under {FEW_SHAPES} shapes most bars meet none that is like them; a day of trades has 1,440"
            )
        print(f'in a scenario, under [market]: shapes = "{out}"')
    return 0
