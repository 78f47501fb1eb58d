"""``sim list``: the scenarios and policies there are."""

from __future__ import annotations

from pathlib import Path

from sim.cli.output import print_table


def list_all() -> None:
    """List the shipped scenarios with their titles, and the shipped policies.

    \b
    Example:
      sim list
    """
    from sim.scenario import policy_names, scenario_names
    from sim.scenario.files import policy_dir, scenario_dir

    scenarios = [(name, _title(scenario_dir() / f"{name}.toml")) for name in scenario_names()]
    policies = [(name, _first_sentence(policy_dir() / f"{name}.toml")) for name in policy_names()]
    print_table(("scenario", "title"), scenarios)
    print()
    print_table(("policy", "what it is"), policies)


def _title(file: Path) -> str:
    """Read only the title: one broken file must not hide the others."""
    from sim.scenario.files import read_toml

    try:
        title = read_toml(file.read_text(encoding="utf-8-sig")).get("title")
    except (OSError, ValueError) as error:
        return f"(unreadable: {error})"
    return title if isinstance(title, str) else "(no title)"


def _first_sentence(file: Path) -> str:
    """Return the first sentence of the comment that opens a policy file."""
    words: list[str] = []
    for line in file.read_text(encoding="utf-8-sig").splitlines():
        if not line.startswith("#"):
            break
        words.append(line.lstrip("# "))
    text = " ".join(words)
    end = text.find(". ")
    return text if end < 0 else text[: end + 1]
