"""Name the code under test: which parts are the user's own, where they lie, and what they are given."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any, Final

from pydantic import Field, model_validator

from sim.scenario.market_spec import Strict
from sim.scenario.mismatch import Mismatch

PARTS: Final = ("executor", "placer", "guard", "bracket", "flow", "rate_limiter", "policy_store")
"""What may be the user's own; the rest is ours."""

CLIENTS: Final = ("raw", "python-binance", "ccxt", "submit")
"""The clients that are offered by name; ``client`` may also name an adapter of the user's."""

_NAMED: Final = re.compile(r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$")
_MODULE: Final = re.compile(r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$")


class CodeSpec(Strict):
    """Name parts of the code under test as ``"module:attribute"``; what is not named is ours.

    ``executor``: a class with ``submit_order``, or any method of one (``"bot.trader:Trader.open"``).  ``placer``: what
    has ``place_order_with_safety``.  ``guard``: what has ``validate_and_adjust_order``.  ``bracket``: a function called
    as ``place_hybrid_orders``.  ``flow``: a function ``flow(client, intent)``, the most general form.
    ``rate_limiter``, ``policy_store``: what the others are given under these names.  ``client``: "raw" (the simulated
    client, of python-binance's shape), "python-binance" or "ccxt" (the libraries themselves), "submit" (one function
    that sends an order), or an adapter of the user's, given our client.

    ``app_dir``: where modules are looked for, seen from the scenario's directory; by default there, then in the
    current one.  ``stubs``: modules that are not installed; they and what lies below are inert.  ``modules``: installed
    packages that belong to the code under test.  ``arguments``: constructor arguments by name.
    """

    app_dir: str | None = Field(default=None, min_length=1)
    executor: str | None = None
    placer: str | None = None
    guard: str | None = None
    bracket: str | None = None
    flow: str | None = None
    rate_limiter: str | None = None
    policy_store: str | None = None
    client: str = "raw"
    stubs: list[str] = Field(default=[])
    modules: list[str] = Field(default=[])
    arguments: dict[str, Any] = Field(default={})

    @model_validator(mode="after")
    def _is_readable(self) -> CodeSpec:
        for part in PARTS:
            name = getattr(self, part)
            if name is not None and not _NAMED.match(name):
                raise Mismatch((part,), name, 'module:attribute, such as "bot.executor:Executor"')
        if self.client not in CLIENTS and not _NAMED.match(self.client):
            known = ", ".join(CLIENTS)
            raise Mismatch(("client",), self.client, f"one of {known}, or module:attribute")
        for table, names in (("stubs", self.stubs), ("modules", self.modules)):
            for index, name in enumerate(names):
                if not _MODULE.match(name):
                    raise Mismatch((table, index), name, "the dotted name of a module")
        if self.flow is not None and self.bracket is not None:
            raise Mismatch(
                ("bracket",), self.bracket, "left out where flow is given: a flow protects by itself"
            )
        return self

    @property
    def parts(self) -> dict[str, str]:
        """Return the parts that are the user's, by name; an adapter given as client is one."""
        named = {part: getattr(self, part) for part in PARTS}
        if self.client not in CLIENTS:
            named["client"] = self.client
        return {part: name for part, name in named.items() if name is not None}

    def roots(self, base_dir: Path) -> list[Path]:
        """Return the folders that modules are looked for in; they need not exist."""
        if self.app_dir is None:
            return list(dict.fromkeys((base_dir.resolve(), Path.cwd())))
        return [(base_dir / Path(self.app_dir).expanduser()).resolve()]

    def content(self, base_dir: Path) -> dict[str, Any]:
        """Return what a run depends on of this table: its values, and a hash of the user's files in place of a folder.

        The files are those of the packages and modules that are named; what these import from elsewhere is not seen.
        """
        content = self.model_dump(mode="json", exclude={"app_dir"})
        total = hashlib.sha256()
        tops = sorted({name.partition(":")[0].partition(".")[0] for name in self.parts.values()})
        for top in tops:
            for root in self.roots(base_dir):
                files = [root / f"{top}.py", *sorted((root / top).rglob("*.py"))]
                found = [file for file in files if file.is_file()]
                for file in found:
                    total.update(
                        file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes() + b"\0"
                    )
                if found:
                    break
        return {**content, "files_sha256": total.hexdigest()}
