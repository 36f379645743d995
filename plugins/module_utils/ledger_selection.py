# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which records a person asks for: a month of the site's time zone, times, and JMESPath over one record."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

try:
    import jmespath
except ImportError:  # Debian's package; only a query needs it
    jmespath = None  # type: ignore[assignment]

from .errors import OpsError
from .ledger_reading import Selection

__all__ = ["SelectionError", "acceptance", "read_limit", "read_selection"]


class SelectionError(OpsError):
    """What is asked for cannot be understood."""


def read_selection(given: Mapping[str, Any]) -> Selection:
    """Return the selection of the keys verb, since, until, month, time_zone and outcome, each None where it is not asked for.

    Raises:
        SelectionError: a time, month or time zone is none, or nothing can lie between the times.
    """
    since, until = _time("since", given.get("since")), _time("until", given.get("until"))
    if given.get("month"):
        since, until = month_of(given["month"], given.get("time_zone") or "UTC")
    if since and until and since >= until:
        raise SelectionError(f"since {given['since']!r} must lie before until {given['until']!r}")
    return Selection(given.get("verb"), since, until, given.get("outcome"))


def read_limit(limit: int) -> int:
    """Return how many records are asked for. Raises SelectionError where that is less than one."""
    if limit < 1:
        raise SelectionError(f"limit {limit} must be 1 or more (ledger_limit of the verb ledger)")
    return limit


def month_of(text: str, time_zone: str) -> tuple[datetime, datetime]:
    """Return when a month such as `2026-11` begins and ends in a time zone."""
    found = re.fullmatch(r"(2\d{3})-(0[1-9]|1[0-2])", text)
    if not found:
        raise SelectionError(f"month {text!r} must be a year and a month such as 2026-11")
    try:
        zone = ZoneInfo(time_zone)
    except (KeyError, ValueError, OSError):
        raise SelectionError(
            f"time_zone {time_zone!r} is not known on this host; write one such as Asia/Shanghai, and see that tzdata is installed"
        ) from None
    year, month = int(found[1]), int(found[2])
    begin, end = ((year, month), (year + month // 12, month % 12 + 1))
    return datetime(*begin, 1, tzinfo=zone).astimezone(UTC), datetime(*end, 1, tzinfo=zone).astimezone(UTC)


def _time(name: str, text: str | None) -> datetime | None:
    if not text:
        return None
    with contextlib.suppress(ValueError, OverflowError):
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    raise SelectionError(f"{name} {text!r} must be a time with its offset from UTC such as 2026-11-25T03:30:00Z")


def acceptance(query: str | None) -> Callable[[dict[str, Any]], bool] | None:
    """Return the test of a record that the JMESPath `query` is, None without one; it raises SelectionError where it cannot be asked.

    Raises:
        SelectionError: the query is no JMESPath, or the library is missing on this host.
    """
    if not query:
        return None
    if jmespath is None:
        raise SelectionError("A query needs the package python3-jmespath on this host; the role ledger installs it.")
    try:
        expression = jmespath.compile(query)
    except jmespath.exceptions.JMESPathError as error:
        raise SelectionError(f"query {query!r} is no JMESPath: {' '.join(str(error).split())}") from None

    def accept(record: dict[str, Any]) -> bool:
        try:
            found = expression.search(record)
        except jmespath.exceptions.JMESPathError as error:
            words = " ".join(str(error).split())
            raise SelectionError(f"query {query!r} cannot be asked of {record['run_id']}: {words}") from None
        # JMESPath's own truth: every number is true, of the rest what is not empty.
        return bool(found) or (isinstance(found, int | float) and not isinstance(found, bool))

    return accept
