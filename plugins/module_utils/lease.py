# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Leases: who works on the site now, and which operations went silent.

An operation holds a lease from open to close and renews it; one that has expired says that its controller died, and stays until somebody settles it.
The holder counts from before it asked for the lease, this table from when it gave it, and longer by the grace: so the playbook of a holder that could not renew has
ended before anybody else may begin.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from .ledger_store import ALTERED, LedgerError, Store
from .record import Record, iso

__all__ = ["MODES", "Busy", "Lease", "Leases", "Unsettled", "grace_seconds", "held_seconds"]

MODES = ("exclusive", "shared", "none")
LONGEST = timedelta(hours=1)  # the role asks for two minutes at most
ASK_VERIFY = (
    "keep the file as it is; traumalink.ops.ledger tells what else does not fit, and docs/ledger.md what to do."
)
GRACE = 0.5  # of the lease
COLUMNS = "run_id, verb, mode, actor, hosts, since, renewed_at, expires_at"


def grace_seconds(lease_seconds: float) -> float:
    """Return how long a holder that has lost its lease has to end by itself, before it is ended."""
    return lease_seconds * GRACE


def held_seconds(lease_seconds: float) -> float:
    """Return for how long a lease keeps others away after a renewal: as long as its holder counts on it, and the grace."""
    return lease_seconds + grace_seconds(lease_seconds)


@dataclass(frozen=True)
class Lease:
    """An operation that is open: what it is, its mode, on which hosts, since when (ISO 8601 UTC), and until when it keeps others away (clock of ops)."""

    run_id: str
    verb: str
    mode: str
    actor: str
    hosts: tuple[str, ...]
    since: str
    renewed_at: datetime
    expires_at: datetime

    def conflicts(self, mode: str, verb: str) -> bool:
        """Tell whether an operation of `verb` in `mode` may not run beside this one. Two of one verb want the same place: two drills their scratch copy."""
        return "none" not in (mode, self.mode) and ("exclusive" in (mode, self.mode) or verb == self.verb)

    @property
    def words(self) -> str:
        """The operation in words."""
        return f"{self.verb} {self.run_id} of {self.actor}, since {self.since}"

    def as_dict(self) -> dict[str, Any]:
        """Return plain data."""
        times = {"renewed_at": iso(self.renewed_at), "expires_at": iso(self.expires_at)}
        return {**asdict(self), "hosts": list(self.hosts), **times}


@dataclass(frozen=True)
class Busy:
    """The site is held by these operations; wait for them, or end and settle them."""

    holders: tuple[Lease, ...]
    settled: tuple[str, ...] = ()

    @property
    def message(self) -> str:
        """Who holds the site, in words."""
        return f"The site is held by {'; '.join(lease.words for lease in self.holders)}."


@dataclass(frozen=True)
class Unsettled:
    """The leases of these operations have expired: see what their units on the hosts do, end them, and settle them by name."""

    operations: tuple[Lease, ...]
    settled: tuple[str, ...] = ()

    @property
    def message(self) -> str:
        """Who went silent, in words."""
        return f"Cut off and not settled yet: {'; '.join(lease.words for lease in self.operations)}."


class Leases:
    """The table of leases, used inside a transaction of the ledger."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def all(self) -> tuple[Lease, ...]:
        """Return every lease, the oldest first."""
        rows = self.store.execute(f"SELECT {COLUMNS} FROM lease ORDER BY since, run_id")  # noqa: S608 - a constant
        return tuple(_lease(row) for row in rows)

    def take(self, record: Record, mode: str, lease_seconds: float, now: datetime) -> None:
        """Give the operation a lease on which its holder may count for `lease_seconds` from now, or a new one when it has one."""
        hosts = json.dumps(list(record.hosts))
        values = (record.run_id, record.verb, mode, record.actor, hosts, iso(record.started_at), now.timestamp())
        self.store.execute(
            "INSERT OR REPLACE INTO lease VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (*values, now.timestamp() + held_seconds(lease_seconds)),
        )

    def renew(self, run_id: str, lease_seconds: float, now: datetime) -> bool:
        """Prolong a lease; return False where it is no longer there."""
        values = (now.timestamp(), now.timestamp() + held_seconds(lease_seconds), run_id)
        return (
            self.store.execute("UPDATE lease SET renewed_at = ?, expires_at = ? WHERE run_id = ?", values).rowcount == 1
        )

    def drop(self, run_id: str) -> None:
        """Take a lease away."""
        self.store.execute("DELETE FROM lease WHERE run_id = ?", (run_id,))


def _lease(row: Sequence[Any]) -> Lease:
    run_id, verb, mode, actor, hosts, since, renewed_at, expires_at = row
    try:
        times = (datetime.fromtimestamp(renewed_at, UTC), datetime.fromtimestamp(expires_at, UTC))
        names = tuple(json.loads(hosts))
    except (TypeError, ValueError, OverflowError, OSError):
        raise LedgerError(f"The lease of {run_id} was altered: {ASK_VERIFY}", ALTERED) from None
    if times[1] - times[0] > LONGEST:
        raise LedgerError(
            f"The lease of {run_id} lasts longer than any that is given out, so it was invented: {ASK_VERIFY}", ALTERED
        )
    return Lease(run_id, verb, mode, actor, names, since, *times)
