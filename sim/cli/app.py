"""Put the commands together, and turn what leaves them into lines and exit codes."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Final

import typer

from sim import __version__
from sim.cli import (
    backcast,
    calibrate,
    catalogue,
    check,
    compare,
    compare_logs,
    faults,
    fidelity,
    hunt,
    klines,
    power,
    report,
    run,
    scenarios,
    schema,
    serve,
    show,
    slippage,
    sweep,
    sweep_calls,
    tune,
)
from sim.cli.refusals import USAGE_ERRORS, error_lines
from sim.errors import InputError, SimError, unknown_name

FINE: Final = 0
FAILED: Final = 1
WRONG_INPUT: Final = 2
INTERRUPTED: Final = 130

COMMANDS: Final[dict[str, Callable[..., object]]] = {
    "run": run.run,
    "compare": compare.compare,
    "power": power.power,
    "check": check.check,
    "show": show.show,
    "report": report.report,
    "serve": serve.serve,
    "list": catalogue.list_all,
    "scenarios": scenarios.scenarios,
    "faults": faults.faults,
    "schema": schema.schema,
    "fidelity": fidelity.fidelity,
    "sweep": sweep.sweep,
    "sweep-calls": sweep_calls.sweep_calls,
    "hunt": hunt.hunt,
    "fit-slippage": slippage.fit_slippage,
    "tune": tune.tune,
    "calibrate": calibrate.calibrate,
    "backcast": backcast.backcast,
    "compare-logs": compare_logs.compare_logs,
}
GROUPS: Final[dict[str, typer.Typer]] = {"klines": klines.app}

app = typer.Typer(
    name="sim",
    add_completion=False,
    # Plain help costs a tenth of a second, framed help half of one, and a pipe shows it as it is.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


@app.callback(invoke_without_command=True)
def _top(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Backtest order execution against an exchange that fails the way the real one does.

    \b
    Examples:
      sim list                                  what there is to run
      sim scenarios                             each scenario's story
      sim faults timeout                        what a kind of fault does, and how to write it
      sim schema --out scenario.schema.json     for the editor: complete keys, mark wrong ones
      sim run quickstart --policy d7            one run: numbers, pages and tables in reports/
      sim show quickstart-d7-seed1              its ten worst intents
      sim show quickstart-d7-seed1 --intent 7   the story of one
      sim report quickstart-d7-seed1            draw its page again, from its tables
      sim compare quickstart --policies d7,legacy-sltp
      sim power quickstart --policies d7,safe --effect 0.5
      sim sweep quickstart --policies d7,safe --seeds 100 --intents 20
      sim serve calm_baseline --port 8000       the exchange on a port, for any client
      sim check                                 rerun what has expected results
      sim sweep-calls quickstart                one bracket, each call failed in each way
      sim hunt quickstart --budget 60s          the shortest script of faults that breaks a rule
      sim fit-slippage calm_baseline            what entries cost by hour, volatility and size
      sim tune d7_claims --space space.toml --trials 60
      sim calibrate night.log                   from a bad night's log to its scenario
      sim backcast week/*.log                   would the days before have told of the last
      sim compare-logs before.log after.log     keep the deployment, or roll it back
      sim fidelity                              how near the paths are to real seconds
      sim klines fetch BTCUSDT klines 1m 2024-01
      sim klines check klines                   what market files hold, and how they load

    \b
    Exit codes:
      0    fine; damage that a run shows is a result, not a failure
      1    a check or a gate failed
      2    wrong input: one line each on standard error, nothing written
      130  interrupted
    """
    if version:
        print(f"sim {__version__}")
    elif context.invoked_subcommand is None:
        print(context.get_help())


for _name, _command in COMMANDS.items():
    app.command(_name)(_command)
for _name, _group in GROUPS.items():
    app.add_typer(_group, name=_name)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (see the main help); never raise what a person can cause."""
    words = list(sys.argv[1:] if argv is None else argv)
    _make_writable()
    try:
        code = _code_of(words)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has left (sim list | head); that is no failure.
        _drop_output()
        return FINE
    except OSError as error:
        # A full disk, a folder taken away: no place of ours, so the system's own words must do.
        _drop_output()
        print(f"error: {error.filename or 'the output'}: {error.strerror or error}", file=sys.stderr)
        return FAILED
    return code


def _make_writable() -> None:
    """Give closed streams (>&-) a place to write to, and let an output that lacks a character show "?"."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - it lives as long as the process
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def _drop_output() -> None:
    # Python must not try to write what is left on its way out.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _code_of(words: Sequence[str]) -> int:
    try:
        command = next((word for word in words if not word.startswith("-")), None)
        if command is not None and command not in (*COMMANDS, *GROUPS):
            raise unknown_name("command", command, "a command", (*COMMANDS, *GROUPS))
        code = app(words, prog_name="sim", standalone_mode=False)
    except (InputError, USAGE_ERRORS) as error:
        for line in error_lines(error):
            print(f"error: {line}", file=sys.stderr)
        return WRONG_INPUT
    except SimError as error:
        print(f"error: the run failed: {error}", file=sys.stderr)
        return FAILED
    except SystemExit as leaving:
        # A command that has told its own end.
        return leaving.code if isinstance(leaving.code, int) else FAILED
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    if code == INTERRUPTED:
        print("interrupted; nothing was written", file=sys.stderr)
    return code if isinstance(code, int) else FINE
