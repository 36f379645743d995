"""In which combinations a restore is tried: how far it comes, onto which host, into what; and which pairs of them nobody has tried.

| word | is |
|---|---|
| `time` `name` `lsn` `xid` `end` | how far it comes |
| `same` | the host as it is, with a database that serves |
| `new` | a host that takes the lost one's place |
| `delta` | over old data, of which only what differs is written: on a new host the disk of the lost one |
| `empty` | into an empty folder: what lay there is put aside, on a new host nothing lay there |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass
from itertools import combinations, product
from typing import TypeVar

KINDS = ("time", "name", "lsn", "xid", "end")
HOSTS = ("same", "new")
MODES = ("delta", "empty")
AXES = (KINDS, HOSTS, MODES)

Test = TypeVar("Test", bound=Callable[..., object])


class CombinationError(ValueError):
    """A word names no part of a combination; the message names those that do."""


@dataclass(frozen=True)
class Combination:
    """One way of restoring.

    Raises:
        CombinationError: there is no such way.
    """

    kind: str
    host: str
    mode: str

    def __post_init__(self) -> None:
        """Refuse a slip of the pen: it would pass for a combination that was tried."""
        for word, axis in zip(self.words, AXES, strict=True):
            if word not in axis:
                raise CombinationError(f"{word!r} is none of {' '.join(axis)}")

    @property
    def words(self) -> tuple[str, ...]:
        """Its three words."""
        return astuple(self)

    @property
    def pairs(self) -> set[tuple[str, str]]:
        """The pairs of words that it tries."""
        return set(combinations(self.words, 2))

    def __str__(self) -> str:
        """Write it as it is chosen."""
        return ",".join(self.words)


def every() -> list[Combination]:
    """Return the whole matrix of one Debian release."""
    return [Combination(*words) for words in product(*AXES)]


def chosen(text: str) -> list[Combination]:
    """Return a part of the matrix.

    Args:
        text: parts with a space between them, each the words that a combination must hold, such as `time,new,delta lsn`; nothing or `all` is the
            whole, `none` no part of it.

    Raises:
        CombinationError: a word is unknown, or no combination holds all words of a part.
    """
    if text.strip() in ("", "all"):
        return every()
    if text.strip() == "none":
        return []
    found: dict[Combination, None] = {}
    for part in text.split():
        words = {word for word in part.split(",") if word}
        if unknown := sorted(words.difference(*AXES)):
            known = "; ".join(" ".join(axis) for axis in AXES)
            raise CombinationError(f"no such part of the matrix: {' '.join(unknown)}; there are {known}")
        holding = [combination for combination in every() if words <= set(combination.words)]
        if not holding:
            raise CombinationError(
                f"no combination is all of {part}: each has one of {KINDS}, of {HOSTS} and of {MODES}"
            )
        found |= dict.fromkeys(holding)
    return list(found)


def uncovered(tried: Iterable[Combination]) -> list[tuple[str, str]]:
    """Return the pairs of words that none of these tries, in order."""
    wanted = [pair for first, second in combinations(AXES, 2) for pair in product(first, second)]
    seen = {pair for combination in tried for pair in combination.pairs}
    return [pair for pair in wanted if pair not in seen]


def covers(kind: str, host: str, mode: str) -> Callable[[Test], Test]:
    """Note on a test which combination it tries; tests/unit/test_restore_combinations.py reads it there and sees that each pair is tried."""
    Combination(kind, host, mode)
    return lambda test: test
