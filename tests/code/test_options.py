"""``--code`` and ``--app-dir`` become values of a scenario's ``[code]``, and a scenario knows its code's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.cli import main
from sim.code import code_overrides, code_words
from sim.errors import InputError
from sim.scenario import load_scenario


def test_parts_and_a_folder_become_overrides(tmp_path: Path) -> None:
    """Each part is one value; stubs are a list; the folder is told in full."""
    assert code_overrides("executor=bot:Bot,client=ccxt,stubs=telegram+redis.asyncio", tmp_path) == [
        "code.executor=bot:Bot",
        "code.client=ccxt",
        "code.stubs=['telegram', 'redis.asyncio']",
        f"code.app_dir={tmp_path.resolve()}",
    ]
    assert code_overrides(None) == []


def test_overrides_are_spelt_as_options_again(tmp_path: Path) -> None:
    """The command that reproduces a run says --code and --app-dir, and --set for what these cannot say."""
    items = code_overrides("executor=bot:Bot,stubs=telegram+redis", tmp_path)
    words, others = code_words([*items, "code.arguments.limit=3", "workload.every_s=30"])
    assert words == ["--code", "executor=bot:Bot,stubs=telegram+redis", "--app-dir", str(tmp_path.resolve())]
    assert others == ["code.arguments.limit=3", "workload.every_s=30"]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("excutor=bot:Bot", "did you mean 'executor'"),
        ("bot:Bot", "PART=MODULE:ATTRIBUTE"),
        ("flow=a:b,flow=c:d", "flow once"),
    ],
)
def test_what_cannot_be_read_is_told(code: str, said: str) -> None:
    """A part that is none, one without a name before it, and one given twice are told at --code."""
    with pytest.raises(InputError, match="--code: .*" + said):
        code_overrides(code)


def test_a_folder_that_is_none_is_told() -> None:
    """--app-dir names a folder."""
    with pytest.raises(InputError, match="--app-dir: given 'nowhere'"):
        code_overrides(None, "nowhere")


def test_a_scenario_is_another_one_when_its_code_changes(tmp_path: Path) -> None:
    """The hash a run is kept under covers the user's files by content, and not where they lie."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "bot.py").write_text("async def trade(client, intent): ...\n", encoding="utf-8")

    def sha(folder: str) -> str:
        return load_scenario("quickstart", code_overrides("flow=bot:trade", tmp_path / folder)).sha256

    first = sha("one")
    assert sha("two") == first
    (tmp_path / "two" / "bot.py").write_text("async def trade(client, intent): return 1\n", encoding="utf-8")
    assert sha("two") != first


def test_a_command_tells_a_name_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A name that is not in the module is one line with the nearest one, and status 2."""
    (tmp_path / "bot.py").write_text("async def trade(client, intent): return None\n", encoding="utf-8")
    assert main(["check", "quickstart", "--app-dir", str(tmp_path), "--code", "flow=bot:traded"]) == 2
    assert "did you mean 'trade'" in capsys.readouterr().err
