# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of real traffic, as HAProxy counts them per server and backend, and what they say of a time between two looks.

HAProxy's management guide, 9.1 "CSV format"; what counts where was tried on 2.6 and 3.0:

- A server's `req_tot` and `hrsp_*` count requests that it answered. One that got no answer (connection closed, nonsense, `timeout server`)
  is in `eresp` only; 3.0 counts it there once more for each retry. `econ` are connections that could not be made, whether or not another
  server then answered.
- A backend's `req_tot` and `hrsp_*` count what browsers got, HAProxy's own 502, 503 and 504 included.
- The times are means of up to 512 requests (TIME_STATS_SAMPLES): exact until then, afterwards each further request weighs 1/512.
- All of them begin anew when HAProxy is restarted or reloaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

__all__ = ["SAMPLES", "Figures", "Look", "Traffic", "figures_of", "look_of", "traffic_between"]

SAMPLES = 512


@dataclass(frozen=True)
class Figures:
    """Counters since HAProxy's process began, and mean times in seconds over the latest requests."""

    requests: int = 0
    http_1xx: int = 0
    http_2xx: int = 0
    http_3xx: int = 0
    http_4xx: int = 0
    http_5xx: int = 0
    http_other: int = 0
    connection_errors: int = 0
    response_errors: int = 0
    client_aborts: int = 0
    retries: int = 0
    redispatches: int = 0
    downtime_seconds: int = 0
    queue_seconds: float = 0.0
    connect_seconds: float = 0.0
    response_seconds: float = 0.0
    total_seconds: float = 0.0


COLUMNS = {
    "requests": "req_tot",
    "http_1xx": "hrsp_1xx",
    "http_2xx": "hrsp_2xx",
    "http_3xx": "hrsp_3xx",
    "http_4xx": "hrsp_4xx",
    "http_5xx": "hrsp_5xx",
    "http_other": "hrsp_other",
    "connection_errors": "econ",
    "response_errors": "eresp",
    "client_aborts": "cli_abrt",
    "retries": "wretr",
    "redispatches": "wredis",
    "downtime_seconds": "downtime",
}
TIMES = {"queue_seconds": "qtime", "connect_seconds": "ctime", "response_seconds": "rtime", "total_seconds": "ttime"}


def figures_of(row: Mapping[str, str]) -> Figures:
    """Read the figures from a row of `show stat`; HAProxy's times are milliseconds."""
    read: dict[str, Any] = {name: int(row.get(column) or 0) for name, column in COLUMNS.items()}
    read |= {name: int(row.get(column) or 0) / 1000 for name, column in TIMES.items()}
    return Figures(**read)


@dataclass(frozen=True)
class Look:
    """The figures at one moment: of which process of HAProxy, of a server, or (`whole_backend`) of what browsers got."""

    process_id: int
    figures: Figures
    whole_backend: bool = False


def look_of(found: Mapping[str, Any], server: str | None) -> Look:
    """Return the look at a server, or at the whole backend (None), from what the Ansible module haproxy_backend_info returned.

    Raises:
        ValueError: it is not such a result, or knows no such server.
    """
    try:
        figures = found["figures"] if server is None else found["servers"][server]["figures"]
        known = {field.name: figures[field.name] for field in fields(Figures)}
        return Look(int(found["process_id"]), Figures(**known), server is None)
    except (KeyError, TypeError) as error:
        raise ValueError(f"these are no figures of {server or 'a backend'} by haproxy_backend_info: {error}") from None


@dataclass(frozen=True)
class Traffic:
    """What happened between two looks.

    Attributes:
        requests: answered or not.
        failed: answered with 5xx, or not answered.
        response_seconds: mean time until the answer, of the requests between the looks (later ones weigh more when there were over 512);
            None where there were none.
        began_anew: HAProxy was reloaded or restarted in between, so what was before that is not in it.
        downtime_seconds: whole seconds in which HAProxy had no server to lead requests to.
    """

    requests: int
    failed: int
    response_seconds: float | None
    began_anew: bool = False
    downtime_seconds: int = 0

    @property
    def failed_share(self) -> float:
        """Which part of the requests failed, 0 to 1; 0 where there were none."""
        return min(1.0, self.failed / self.requests) if self.requests else 0.0


def traffic_between(start: Look, end: Look) -> Traffic:
    """Return what happened between two looks at the same server or backend."""
    before, after = start.figures, end.figures
    began_anew = start.process_id != end.process_id or any(
        getattr(after, name) < getattr(before, name) for name in COLUMNS
    )
    if began_anew:
        before = Figures()
    answered = after.requests - before.requests
    errors = after.http_5xx - before.http_5xx
    unanswered = sum(getattr(after, name) - getattr(before, name) for name in ("connection_errors", "response_errors"))
    down = after.downtime_seconds - before.downtime_seconds
    mean = _mean_between(before, after)
    if end.whole_backend:
        return Traffic(answered, errors, mean, began_anew, down)
    return Traffic(answered + unanswered, errors + unanswered, mean, began_anew, down)


def _mean_between(before: Figures, after: Figures) -> float | None:
    """Return the mean response time of the requests since `before`: the weight of older ones is taken out of the later mean."""
    if after.requests == before.requests:
        return None
    sliding = max(0, after.requests - SAMPLES) - max(0, before.requests - SAMPLES)
    old_weight = min(before.requests, SAMPLES) / min(after.requests, SAMPLES) * (1 - 1 / SAMPLES) ** sliding
    mean = (after.response_seconds - before.response_seconds * old_weight) / (1 - old_weight)
    return max(0.0, round(mean, 6))
