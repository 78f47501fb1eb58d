"""Declare the options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sim.api.values import whole_number

Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change one value; execution.* belongs to the policy, all else to the scenario. May be repeated.",
    ),
]
Policy = Annotated[
    str | None,
    typer.Option(
        "--policy", metavar="NAME|FILE", help="The policy (default: the first of the scenario's check)."
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        "--seed",
        metavar="N",
        parser=whole_number("--seed", least=0),
        help="The seed (default: the first of the scenario's check).",
    ),
]
Intents = Annotated[
    int | None,
    typer.Option(
        "--intents",
        metavar="N",
        parser=whole_number("--intents", least=1),
        help="Stop after so many intents.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the summary.")]
Out = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="The folder to write.")]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print no progress and no summary, only the folder's path.")
]
Code = Annotated[
    str | None,
    typer.Option(
        "--code",
        metavar="PART=MODULE:NAME,…",
        help="Your own executor, placer, guard, bracket, flow, rate_limiter, policy_store, client; also stubs=a+b.",
    ),
]
AppDir = Annotated[
    str | None,
    typer.Option(
        "--app-dir", metavar="DIR", help="Where your modules lie (default: beside the scenario, or here)."
    ),
]
