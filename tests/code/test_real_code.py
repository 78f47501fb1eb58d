"""Code of the user's runs as it is: clocks, chance, threads and logs follow the run, and nothing leaks out of it."""

from __future__ import annotations

import logging
import os
import random
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Bot = Callable[..., Any]


def test_clocks_taken_by_from_import_follow_the_run(bot: Bot) -> None:
    """``from time import time`` and module-level readings show the replayed date, not the wall's."""
    ran = bot(
        """
        import logging
        from time import time, monotonic
        from datetime import datetime
        START = time()
        async def trade(client, intent):
            logging.getLogger(__name__).info("%d %d %s", START, time() - START, datetime.now().date())
        """
    )
    assert ran.lines == ["1705276800 15 2024-01-15"]


def test_chance_follows_the_seed_and_is_put_back(bot: Bot) -> None:
    """Draws, ids and random bytes are the same in two runs, differ between intents, and are real again afterwards."""
    source = """
    import os, random, secrets, uuid
    from random import choice, random as draw
    from uuid import uuid4
    rng = random.Random()
    async def trade(client, intent):
        print(draw(), choice(range(99)), rng.random(), uuid4(), uuid.uuid1(), secrets.token_hex(4), os.urandom(2))
    """
    real = (random.random, os.urandom, random.Random, uuid.uuid4)
    first, second = bot(source, intents=2), bot(source, intents=2)
    assert first.lines == second.lines
    assert len(set(first.lines)) == 2
    assert (random.random, os.urandom, random.Random, uuid.uuid4) == real


def test_one_intents_draws_do_not_depend_on_anothers(bot: Bot) -> None:
    """The second intent draws the same whether or not the first one drew at all."""
    source = """
    import random
    async def trade(client, intent):
        if intent.number or {drawn}:
            print(intent.number, random.random())
    """
    assert (
        bot(source.format(drawn=True), intents=2).lines[-1]
        == bot(source.format(drawn=False), intents=2).lines[-1]
    )


def test_threads_run_inline_and_take_as_long_as_they_sleep(bot: Bot) -> None:
    """``to_thread``, ``run_in_executor`` and a pool give their results; sleeping in a thread takes virtual time."""
    ran = bot(
        """
        import asyncio
        from asyncio import to_thread
        from concurrent.futures import ThreadPoolExecutor
        from time import sleep
        def work(value):
            sleep(0.5)
            return value * 2
        async def trade(client, intent):
            loop = asyncio.get_running_loop()
            began = loop.time()
            found = [await to_thread(work, 1), await loop.run_in_executor(None, work, 2)]
            with ThreadPoolExecutor() as pool:
                found.append(pool.submit(work, 3).result())
            print(found, loop.time() - began)
        """
    )
    assert ran.lines == ["[2, 4, 6] 1.0"]


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("from time import sleep; sleep(1)", "time.sleep"),
        ("import threading; threading.Thread(target=print).start()", "threading.Thread.start"),
        ("import urllib.request; urllib.request.urlopen('http://127.0.0.1:9')", "socket."),
        (
            "from concurrent.futures import ProcessPoolExecutor; ProcessPoolExecutor().submit(print)",
            "ProcessPool",
        ),
    ],
)
def test_what_leaves_the_run_is_refused_with_the_name_of_its_caller(bot: Bot, call: str, name: str) -> None:
    """A call that would leave virtual time says which call it was, and file, line and function it was made in."""
    (error,) = bot(f"async def trade(client, intent):\n    {call}\n").errors
    assert name in error
    assert "/bot.py:2 in trade" in error


def test_globals_die_with_the_run_and_libraries_stay(bot: Bot) -> None:
    """A module's state is that of a fresh import in each run, and nothing of it is left in sys.modules."""
    source = """
    import json
    seen = []
    async def trade(client, intent):
        seen.append(intent.number)
        print(seen)
    """
    before = dict(sys.modules)
    assert bot(source, intents=2).lines == bot(source, intents=2).lines == ["[0]", "[0, 1]"]
    assert "bot" not in sys.modules
    assert sys.modules["json"] is before["json"]


def test_a_module_imported_elsewhere_is_left_as_it_was(bot: Bot, tmp_path: Path) -> None:
    """A test that imports its own bot keeps its module, and the run has one of its own."""
    (tmp_path / "bot.py").write_text("kept = []\n", encoding="utf-8")
    sys.path.insert(0, str(tmp_path))
    try:
        module = __import__("bot")
        bot("kept = []\nasync def trade(client, intent):\n    kept.append(1)\n")
        assert sys.modules["bot"] is module
        assert module.kept == []
    finally:
        sys.path.remove(str(tmp_path))
        sys.modules.pop("bot", None)


def test_nothing_is_written_into_the_users_folder(bot: Bot, tmp_path: Path) -> None:
    """No bytecode appears beside the user's files."""
    bot("async def trade(client, intent):\n    pass\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bot.py"]


def test_log_lines_and_prints_are_rows_and_stay_off_the_screen(
    bot: Bot, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lines of INFO and above are recorded with time, logger, level and intent; handlers and loggers are put back."""
    root, loggers = logging.getLogger(), set(logging.root.manager.loggerDict)
    before = (list(root.handlers), root.level)
    ran = bot(
        """
        import logging
        log = logging.getLogger("my.bot")
        async def trade(client, intent):
            log.debug("hidden")
            log.warning("at %s", object())
            try:
                1 / 0
            except ZeroDivisionError:
                log.exception("it broke")
            print("said")
        """
    )
    log = ran.table("log")
    assert list(log["logger"]) == ["my.bot", "my.bot", "print"]
    assert list(log["level"]) == ["WARNING", "ERROR", "INFO"]
    assert set(log["intent"]) == {0}
    assert log["text"][0] == "at <object object at 0x…>"
    assert "ZeroDivisionError" in log["text"][1]
    assert capsys.readouterr() == ("", "")
    assert (list(root.handlers), root.level) == before
    assert set(logging.root.manager.loggerDict) == loggers


def test_an_escaped_exception_is_a_violation_with_its_place_and_no_end_of_the_run(bot: Bot) -> None:
    """The intent ends as escaped, named with file, line and function; the traceback is in the log; others go on."""
    ran = bot(
        """
        async def trade(client, intent):
            return None if intent.number else {}["nope"]
        """,
        intents=2,
    )
    assert ran.ends == ["escaped", "failed"]
    assert ran.errors[0].startswith("KeyError: 'nope' (")
    assert ran.errors[0].endswith("/bot.py:3 in trade)")
    assert 'in trade: return None if intent.number else {}["nope"]' in ran.lines[0]
    assert "L02" in ran.violations


def test_leaving_the_program_ends_one_intent(bot: Bot) -> None:
    """``sys.exit`` and SystemExit end the intent that said so, not the campaign."""
    ran = bot(
        """
        import sys
        async def trade(client, intent):
            if intent.number:
                raise SystemExit(1)
            sys.exit("enough")
        """,
        intents=2,
    )
    assert ran.ends == ["escaped", "escaped"]
    assert "sys.exit('enough') was called" in ran.errors[0]


def test_an_endless_loop_without_an_await_is_cut_off_and_named(bot: Bot) -> None:
    """Its line is that of the loop, not of what it calls, even where the code takes every exception for a failure."""
    source = """
    def step(value):
        return sum(range(value % 7))
    async def trade(client, intent):
        value = 0
        while True:
            try:
                value += step(value)
            except BaseException:
                pass
    """
    began = time.process_time()
    (error,) = bot(source).errors
    assert "an endless loop without an await" in error
    assert "/bot.py:6 in trade" in error or "/bot.py:7 in trade" in error
    assert time.process_time() - began < 6.0


def test_a_loop_that_awaits_and_yet_lets_no_time_pass_is_cut_off_and_named(bot: Bot) -> None:
    """``while True: await asyncio.sleep(0)`` ends its intent, and the run goes on to the next."""
    ran = bot(
        """
        import asyncio
        async def trade(client, intent):
            while not intent.number:
                await asyncio.sleep(0)
        """,
        intents=2,
    )
    assert "an endless loop" in ran.errors[0]
    assert "/bot.py:5 in trade" in ran.errors[0]
    assert ran.record.ended == "finished"
