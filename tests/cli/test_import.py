"""What importing costs, and what it offers."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import sim

ROOT = Path(sim.__file__).parent.parent


def _python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout.strip()


def test_import_of_the_package_is_light() -> None:
    """``import sim`` loads none of the heavy libraries."""
    heavy = ["pandas", "simpy", "numpy", "scipy", "matplotlib", "pydantic", "pyarrow", "rich", "typer"]
    found = _python(f"import sim, sys; print(*[name for name in {heavy} if name in sys.modules])")
    assert found == ""


def test_help_loads_no_heavy_room() -> None:
    """The help must not wait for what only a run needs."""
    loaded = "print('loaded:', *{'pandas', 'simpy', 'numpy', 'matplotlib'} & set(sys.modules))"
    code = f"import sys; from sim.cli import main; main(['run', '--help']); {loaded}"
    assert _python(code).splitlines()[-1] == "loaded:"


def test_public_names_are_offered() -> None:
    """Every public name exists and is listed."""
    assert set(sim.__all__) <= set(dir(sim))
    for name in sim.__all__:
        assert getattr(sim, name) is not None


def test_unknown_name_is_an_attribute_error() -> None:
    """A misspelt name fails as on any module, with the names there are."""
    with pytest.raises(AttributeError, match=r"no attribute .rum.; it offers .*compare"):
        sim.rum  # type: ignore[attr-defined]  # noqa: B018


def test_stub_and_module_offer_the_same() -> None:
    """Type checkers see the names that run time has."""
    stub = (ROOT / "sim" / "__init__.pyi").read_text(encoding="utf-8")
    for name in sim.__all__:
        assert f"import {name} as {name}" in stub or f"{name}:" in stub


def test_version_is_that_of_the_distribution() -> None:
    """The version stands in two places and is one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert sim.__version__ == project["version"]
