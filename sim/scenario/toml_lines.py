"""Map places in a TOML text to their lines, which the standard library's reader does not keep.

The text must be valid TOML: it is read once before, so nothing here checks it again.
"""

from __future__ import annotations

import re
import tomllib

from sim.scenario.mismatch import Path

_TOKEN = re.compile(
    r"""(?P<skip>[ \t\r]+|\#[^\n]*)
      |(?P<newline>\n)
      |(?P<text>\"{3}(?:\\.|[^\\])*?\"{3,5} | '{3}.*?'{3,5} | "(?:\\.|[^"\\\n])*" | '[^'\n]*')
      |(?P<mark>[\[\]{}=,.])
      |(?P<bare>[^\s\[\]{}=,.\#"']+)""",
    re.VERBOSE | re.DOTALL,
)


def line_map(text: str) -> dict[Path, int]:
    """Return the line (from 1) of every table, key and list item; a table's is where it first appears."""
    return _Scanner(text).lines


def line_of(lines: dict[Path, int], path: Path) -> int | None:
    """Return the line of ``path``, or of the nearest table around it."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None


class _Scanner:
    def __init__(self, text: str) -> None:
        self.lines: dict[Path, int] = {}
        self._tokens: list[tuple[str, int]] = []
        self._at = 0
        self._items: dict[Path, int] = {}
        line = 1
        for match in _TOKEN.finditer(text):
            if match.lastgroup != "skip":
                self._tokens.append((match.group(), line))
            line += match.group().count("\n")
        self._tokens.append(("", line))
        self._statements()

    def _peek(self) -> str:
        return self._tokens[self._at][0]

    def _take(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1][0]

    def _mark(self, path: Path) -> None:
        for length in range(1, len(path) + 1):
            self.lines.setdefault(path[:length], self._tokens[self._at - 1][1])

    def _keys(self, end: str) -> Path:
        keys: Path = ()
        while (token := self._take()) != end:
            if token != ".":
                keys += (tomllib.loads(f"key = {token}")["key"] if token[0] in "\"'" else token,)
        return keys

    def _statements(self) -> None:
        table: Path = ()
        while token := self._peek():
            if token == "\n":
                self._at += 1
            elif token == "[":
                self._at += 1
                table = self._header()
                self._mark(table)
            else:
                self._pair(table)

    def _header(self) -> Path:
        is_item = self._peek() == "["
        self._at += is_item
        keys = self._keys("]")
        self._at += is_item
        path: Path = ()
        for position, key in enumerate(keys, start=1):
            path += (key,)
            if is_item and position == len(keys):
                self._items[path] = self._items.get(path, -1) + 1
            if path in self._items:
                path += (self._items[path],)
        return path

    def _pair(self, table: Path) -> None:
        path = table + self._keys("=")
        self._mark(path)
        self._value(path)

    def _value(self, path: Path) -> None:
        opening = self._peek()
        if opening not in ("[", "{"):
            while self._peek() not in ("\n", ",", "]", "}", ""):
                self._at += 1
            return
        self._at += 1
        index = 0
        while (token := self._peek()) not in ("]", "}"):
            if token in ("\n", ","):
                self._at += 1
            elif opening == "{":
                self._pair(path)
            else:
                self.lines[(*path, index)] = self._tokens[self._at][1]
                self._value((*path, index))
                index += 1
        self._at += 1
