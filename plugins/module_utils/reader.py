# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading plain data (from YAML or JSON) into typed values, gathering every fault by its path instead of stopping at the first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

__all__ = ["Reader"]


class Reader:
    """One mapping of the data at `path`; its methods return a usable value always and add what is wrong to `faults`.

    What was read must not be used when `faults` is not empty in the end.
    """

    def __init__(self, data: object, path: str, faults: list[str]) -> None:
        self.path = path
        self.faults = faults
        self.seen: set[str] = set()
        self.data: dict[Any, Any] = data if isinstance(data, dict) else {}
        if not isinstance(data, dict):
            faults.append(f"{path or 'the document'}: must be a mapping")

    def at(self, key: str) -> str:
        """Return the full path of `key`."""
        return f"{self.path}.{key}" if self.path else key

    def fault(self, key: str, text: str) -> None:
        """Note what is wrong at `key`."""
        self.faults.append(f"{self.at(key)}: {text}")

    def has(self, key: str) -> bool:
        """Tell whether `key` is there with a value."""
        return self.data.get(key) is not None

    def _take(self, key: str) -> Any:
        self.seen.add(key)
        return self.data.get(key)

    def text(self, key: str, pattern: re.Pattern[str] | None = None, meaning: str = "") -> str:
        """Return a required text that is not blank and, with `pattern`, matches it as a whole."""
        return self._text(key, self._take(key), pattern, meaning)

    def _text(self, key: str, value: object, pattern: re.Pattern[str] | None, meaning: str) -> str:
        if value is None:
            self.fault(key, "is missing")
        elif not isinstance(value, str):
            self.fault(key, f"must be text, not {value!r}; put it in quotes")
        elif not value.strip():
            self.fault(key, "is empty")
        elif pattern is not None and not pattern.fullmatch(value):
            self.fault(key, f"{value!r} must be {meaning}")
        else:
            return value
        return ""

    def texts(
        self, key: str, pattern: re.Pattern[str] | None = None, meaning: str = "", least: int = 0
    ) -> tuple[str, ...]:
        """Return a list of texts with at least `least` entries."""
        values = self._list(key, least)
        return tuple(self._text(f"{key}[{index}]", value, pattern, meaning) for index, value in enumerate(values))

    def titles(self, key: str, languages: Sequence[str]) -> dict[str, str]:
        """Return a text for each of `languages`."""
        inner = Reader(self._take(key), self.at(key), self.faults)
        found = {language: inner.text(language) for language in languages}
        inner.nothing_else()
        return found

    def flag(self, key: str, *, default: bool) -> bool:
        """Return a truth value."""
        value = self._take(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.fault(key, f"must be true or false, not {value!r}")
            return default
        return value

    def number(self, key: str, *, whole: bool = False) -> float:
        """Return a required number, zero or more; with `whole`, without a fraction."""
        value = self._take(key)
        kinds = (int,) if whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds) or not 0 <= value < 2**53:
            self.fault(key, "is missing" if value is None else f"must be a number, zero or more, not {value!r}")
            return 0
        return value

    def choice(self, key: str, choices: Sequence[str]) -> str:
        """Return one of `choices`."""
        value = self._take(key)
        if value not in choices:
            self.fault(key, "is missing" if value is None else f"{value!r} must be one of {', '.join(choices)}")
            return choices[0]
        return str(value)

    def entries(self, key: str, least: int = 0) -> list[Reader]:
        """Return a reader for each mapping of a list with at least `least` entries."""
        values = self._list(key, least)
        return [Reader(value, f"{self.at(key)}[{index}]", self.faults) for index, value in enumerate(values)]

    def _list(self, key: str, least: int) -> list[Any]:
        value = self._take(key)
        if value is None and least == 0:
            return []
        if not isinstance(value, list):
            self.fault(key, "is missing" if value is None else f"must be a list, not {value!r}")
            return []
        if len(value) < least:
            self.fault(key, f"needs at least {least} entry" if least == 1 else f"needs at least {least} entries")
        return value

    def unique(self, key: str, values: Sequence[str]) -> None:
        """Note each of `values` that stands in the list at `key` more than once."""
        for value in sorted({value for value in values if value and values.count(value) > 1}):
            self.fault(key, f"{value} is there more than once")

    def nothing_else(self, *allowed: str) -> None:
        """Note every key that nobody has read: a misspelt key must not pass as a missing one."""
        for key in sorted(str(key) for key in self.data if key not in self.seen and key not in allowed):
            self.fault(key, "is not known here")
