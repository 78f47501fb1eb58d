"""``sim serve``: what it refuses, what it prints, and how it ends."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("aiohttp", reason="aiohttp is not installed (the http extra)")

from sim.cli import main


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--host", "0.0.0.0"], "--host: given '0.0.0.0', expected a loopback address (127.0.0.1, localhost, ::1), or"),
        (["--host", "example.org"], "--host: given 'example.org', expected a loopback address"),
        (["--host", "203.0.113.7", "--allow-remote"], "--host: given '203.0.113.7', expected an address of this"),
        (["--port", "65536"], "--port: given 65536, expected a whole number from 0 to 65535"),
        (["--port", "web"], "--port: given 'web', expected a whole number from 0 on"),
        (["--speed", "fast"], "--speed: given 'fast', expected max, or a number above 0"),
        (["--speed", "0"], "--speed: given '0', expected max, or a number above 0"),
        (["--key", "nothing"], "--key: given 'nothing', expected KEY:SECRET"),
        (["--key", "a:b", "--key", "a:c"], "--key: given 'a', expected each key once"),
        (["--set", "execution.max_order_retries=3"], "--set: given 'execution.max_order_retries=3', expected a value"),
        (["--set", "account.walet=3"], "(did you mean 'wallet'?)"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_one_line(
    venue: Any, capsys: pytest.CaptureFixture[str], words: list[str], line: str
) -> None:
    """A wrong value is status 2 and one line on standard error, and nothing listens."""
    assert main(["serve", venue(), *words]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert line in said.err
    assert said.err.count("\n") == 1


def test_a_port_in_use_is_one_line(venue: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Where somebody listens already, the line says so and how to get a free port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["serve", venue(), "--port", str(port)]) == 2
    assert capsys.readouterr().err == (
        f"error: --port: given {port}, expected a free port: somebody listens at 127.0.0.1:{port} "
        "(0 takes a free one)\n"
    )


def test_without_aiohttp_the_extra_is_named(
    venue: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the http extra the line says what to install."""
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    assert main(["serve", venue()]) == 2
    expected = (
        "error: sim serve: given no aiohttp, expected the http extra: pip install 'execution-sim[http]'\n"
    )
    assert capsys.readouterr().err.replace('"', "'") == expected.replace("given no", "given 'no").replace(
        "aiohttp,", "aiohttp',"
    )


def _started(venue: Any, *words: str) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    command = [sys.executable, "-m", "sim", "serve", venue(), "--json", *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())


def _ask(start: dict[str, Any], path: str, body: bytes | None = None) -> Any:
    with urllib.request.urlopen(f"{start['url']}{path}", body, timeout=10) as response:
        return json.load(response)


def test_an_interruption_ends_it_cleanly(venue: Any, tmp_path: Path) -> None:
    """It says where it listens, and at Ctrl-C tells what it did and writes its record; it says nothing else."""
    process, start = _started(venue, "--speed", "max", "--key", "mine:hush", "--out", str(tmp_path / "out"))
    assert (start["keys"], start["speed"], start["host"]) == ({"mine": "hush"}, "max", "127.0.0.1")
    assert _ask(start, "/fapi/v1/time")["serverTime"] == 1_705_276_800_030
    process.send_signal(signal.SIGINT)
    said, errors = process.communicate(timeout=60)
    end = json.loads(said)
    assert (process.returncode, errors) == (0, "")
    assert (end["ended"], end["counts"]["requests"], end["ended_us"]) == ("stopped by SIGINT", 1, 40_000)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert (manifest["trace_sha256"], manifest["command"].split()[:2]) == (
        end["trace_sha256"],
        ["sim", "serve"],
    )
    assert (tmp_path / "out" / "trace" / "request.parquet").is_file()


def test_a_termination_ends_it_with_a_summary(venue: Any) -> None:
    """SIGTERM ends it as Ctrl-C does; who talks nonsense to it meanwhile leaves no trace on the terminal."""
    command = [sys.executable, "-m", "sim", "serve", venue(), "--speed", "max"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    first = process.stdout.readline()
    with socket.create_connection(("127.0.0.1", int(first.rpartition(":")[2])), timeout=10) as rude:
        rude.sendall(b"\x16\x03\x01 no HTTP at all\r\n\r\n")
        assert b"400" in rude.recv(4096)
    process.terminate()
    said, errors = process.stdout.read(), process.stderr.read()
    assert (process.wait(timeout=60), errors) == (0, "")
    labels = [line.split()[0] for line in (first + said).splitlines() if line]
    assert labels == [
        "serving", "time", "key", "control", "Ctrl-C",
        "served", "time", "requests", "orders", "faults", "account", "trace",
    ]  # fmt: skip
    assert "stopped by SIGTERM" in said
