"""Looks up by SQL what the application acknowledged: a write of which it said 201 must be there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

# A case's number, and for a step its place in the case: what `mix.Mix` notes as ids.
ID = re.compile(r"CS\d{4}-\d{7,}(/\d+)?")
BATCH = 2000  # some 50 kB: a statement travels as one argument of a command, which may have 128 kB (execve(2))


def missing(ids: Iterable[str], ask: Callable[[str], str]) -> list[str]:
    """Return the acknowledged ids that the database does not hold, in the order given.

    `ask` runs a statement in the application's database and returns the first field of its first row, such as `Site.sql`.

    Raises:
        ValueError: one of them is no id of a case or a step.
    """
    given = list(dict.fromkeys(ids))
    for name in given:
        if not ID.fullmatch(name):
            raise ValueError(f"{name!r} is not the id of a case or a step")
    lost: set[str] = set()
    for begin in range(0, len(given), BATCH):
        lost.update(ask(_statement(given[begin : begin + BATCH])).split())
    return [name for name in given if name in lost]


def _statement(ids: Iterable[str]) -> str:
    """Return the question which of these ids are not there; they hold nothing but letters, digits, dashes and slashes."""
    return (
        f"SELECT coalesce(string_agg(given.id, ' '), '') FROM unnest('{{{','.join(ids)}}}'::text[]) AS given (id)"  # noqa: S608
        " LEFT JOIN trauma.trauma_case AS c ON c.case_number = split_part(given.id, '/', 1)"
        " LEFT JOIN trauma.treatment_step AS s"
        " ON s.case_id = c.case_id AND s.step_number = nullif(split_part(given.id, '/', 2), '')::integer"
        " WHERE c.case_id IS NULL OR (given.id LIKE '%/%' AND s.case_id IS NULL)"
    )
