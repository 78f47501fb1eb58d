"""``sim serve``: a scenario's exchange on a port, for any client in any language."""

from __future__ import annotations

import asyncio
import json
import math
import shlex
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.api.folders import WRITABLE, as_input_error, new_folder
from sim.api.values import whole_number
from sim.cli.options import Out, Seed, Set
from sim.errors import InputError

if TYPE_CHECKING:
    from sim.scenario import LoadedScenario
    from sim.serve import Server


def _port(text: str) -> int:
    number = whole_number("--port", least=0)(text)
    if number > 65_535:
        raise InputError("--port", number, "a whole number from 0 to 65535")
    return number


def _speed(text: str) -> float:
    try:
        speed = math.inf if text == "max" else float(text)
    except ValueError:
        speed = math.nan
    if text != "max" and not 0 < speed <= 100_000:
        raise InputError("--speed", text, "max, or a number above 0 up to 100000, such as 1 or 10")
    return speed


def serve(
    scenario: Annotated[
        str, typer.Argument(metavar="SCENARIO", help="The name of a shipped scenario, or a file.")
    ] = "quickstart",
    port: Annotated[
        int, typer.Option(metavar="N", parser=_port, help="The port; 0 takes a free one and prints it.")
    ] = 0,
    speed: Annotated[
        float,
        typer.Option(
            metavar="1|10|max",
            parser=_speed,
            help="Seconds of the replayed day per second; max: time moves only to answer requests.",
        ),
    ] = 1.0,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    allow_remote: Annotated[
        bool,
        typer.Option(
            "--allow-remote", help="Let --host be more than loopback; control calls then need the token."
        ),
    ] = False,
    key: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY:SECRET",
            help="An account's API key and secret (default: a demo pair). May be repeated.",
        ),
    ] = None,
    overrides: Set = None,
    seed: Seed = None,
    out: Out = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object at the start and one at the end.")
    ] = False,
) -> int:
    """Serve a scenario's exchange over HTTP and WebSocket on this machine, until Ctrl-C or POST /sim/stop.

    Market, latency, faults, limits, fills and accounts are the scenario's; its workload is not run: whoever
    connects is the trader. Signed requests carry the time of GET /fapi/v1/time, not that of today. GET /sim/state,
    /sim/truth and POST /sim/time, /sim/faults, /sim/stop control it. With --out the record is written at the end.

    \b
    Examples:
      sim serve calm_baseline --port 8000
      sim serve quickstart --port 8000 --speed max --key mykey:mysecret
      curl -s localhost:8000/sim/state
      curl -s localhost:8000/sim/time -d '{"advance_s": 60}'
    """
    if find_spec("aiohttp") is None:
        raise InputError("sim serve", "no aiohttp", "the http extra: pip install 'execution-sim[http]'")
    from sim.scenario import load_scenario, split_overrides

    to_scenario, to_policy = split_overrides(overrides or [])
    if to_policy:
        raise InputError(
            "--set", to_policy[0], "a value of the scenario: whoever connects executes by himself"
        )
    keys = _keys(key or [])
    from sim.serve.listening import address_of

    address_of(host, allow_remote=allow_remote)
    loaded = load_scenario(scenario, to_scenario)
    with ExitStack() as stack:
        folder = None if out is None else stack.enter_context(new_folder(out))
        server, lines = asyncio.run(
            _serve(loaded, as_json, host=host, port=port, speed=speed, seed=seed, keys=keys, allow_remote=allow_remote)
        )  # fmt: skip
        if folder is not None and out is not None:
            from sim.serve.writing import write_trace

            with as_input_error("--out", out, WRITABLE):
                write_trace(server, folder, _command(scenario, speed, server.seed, to_scenario))
    _print_end(server, lines, out, as_json)
    return 1 if server.failed else 0


async def _serve(loaded: LoadedScenario, as_json: bool, **asked: Any) -> tuple[Server, list[str]]:
    from sim.serve import serve_scenario
    from sim.serve.quiet import errors_on_one_line
    from sim.serve.state import summary_lines

    troubles: list[str] = []
    with errors_on_one_line(troubles.append):
        async with serve_scenario(loaded, **asked) as server:
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                # A system without signals of this kind, or a thread that gets none, has other ways to end it.
                with suppress(NotImplementedError, RuntimeError, ValueError):
                    loop.add_signal_handler(number, server.stop, f"stopped by {number.name}")
            _print_start(server, as_json)
            await server.stopped.wait()
            if not server.failed:
                server.pace.settle()
            for trouble in troubles:
                server.note(trouble)
            lines = summary_lines(server)
    return server, lines


def _keys(texts: Sequence[str]) -> dict[str, str]:
    keys: dict[str, str] = {}
    for text in texts:
        name, colon, secret = text.partition(":")
        if not (colon and name and secret and text.isascii() and text.isprintable() and " " not in text):
            raise InputError("--key", text, "KEY:SECRET, without blanks")
        if name in keys:
            raise InputError("--key", name, "each key once")
        keys[name] = secret
    return keys


def _command(scenario: str, speed: float, seed: int, overrides: Sequence[str]) -> str:
    from sim.serve.state import speed_word

    words = ["sim", "serve", scenario, "--speed", str(speed_word(speed)), "--seed", str(seed)]
    for item in overrides:
        words += ["--set", item]
    return shlex.join(words)


def _print_start(server: Server, as_json: bool) -> None:
    from sim.serve.state import speed_word, utc_text

    speed, begins = speed_word(server.pace.speed), utc_text(server.stand.epoch_us + server.pace.now_us)
    if as_json:
        start = {
            "url": server.url, "host": server.host, "port": server.port, "scenario": server.loaded.name,
            "seed": server.seed, "speed": speed, "utc": begins, "keys": server.keys, "token": server.token,
            "inert": server.stand.inert,
        }  # fmt: skip
        print(json.dumps(start), flush=True)
        return
    rows = [
        ("serving", f"{server.loaded.name}, seed {server.seed}, at {server.url}"),
        ("time", f"{begins}, speed {speed}"),
        *(("key", f"{name}   secret {secret}") for name, secret in server.keys.items()),
        ("control", f"{server.url}/sim/state"),
    ]
    if server.guarded:
        rows.append(("token", f"{server.token}   (header X-SIM-TOKEN of control calls)"))
    if server.stand.inert:
        idle = ", ".join(server.stand.inert)
        rows.append(
            ("note", f"faults that do nothing here, as process and clock are the client's own: {idle}")
        )
    for label, text in rows:
        print(f"{label:<9} {text}", flush=True)
    print("Ctrl-C ends it.", flush=True)


def _print_end(server: Server, lines: list[str], out: Path | None, as_json: bool) -> None:
    from sim.serve.state import counts_of

    sha256 = server.stand.trace.sha256()
    if as_json:
        end = {
            "ended": server.ended, "failed": server.failed, "ended_us": server.pace.now_us,
            "counts": counts_of(server), "errors": server.errors, "trace_sha256": sha256,
            "folder": None if out is None else str(out),
        }  # fmt: skip
        print(json.dumps(end), flush=True)
    else:
        print("\n".join(["", *lines, f"{'trace':<9} sha256 {sha256[:16]}…"]), flush=True)
        if out is not None:
            print(f"{'folder':<9} {out}", flush=True)
    if server.failed:
        print(f"error: {server.ended}", file=sys.stderr)
