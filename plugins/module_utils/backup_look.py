# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking how it stands with the backups of a site, on ops: repository, archive, proofs, drills, room, certificates, second copy."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from .archive_probe import Probe
from .backup_figures import days_until_full
from .backup_proof import DRILLS, PROOFS, read_proofs
from .backup_status import Certificate, Facts, Limits, VaultState, newest_proven
from .certificate_expiry import TlsFiles, certificate_in, certificate_shown
from .drill_result import read_results
from .errors import OpsError
from .file_proof import read_file_drills, read_file_proofs
from .pgbackrest import PgBackRest
from .pgbackrest_sets import STATUS_OK, Stanza
from .second_repository import SECOND, read_second, second_now
from .wal_archive import WalArchive
from .wal_continuity import settled_continuity

__all__ = ["Look", "Peer", "Seen", "limits_of", "look_of"]

STATE = Path("/var/lib/traumalink-backup")


@dataclass(frozen=True)
class Peer:
    """A TLS server of another host whose certificate is looked at: name that it must prove, address, port."""

    name: str
    address: str
    port: int


@dataclass(frozen=True)
class Seen:
    """What was seen: facts to judge, and what they come from (None where the repository cannot be read)."""

    facts: Facts
    stanza: Stanza | None = None
    archive: WalArchive | None = None


@dataclass(frozen=True)
class Look:
    """One look.

    Attributes:
        repository: where the engine's repository lies.
        peers: whose certificates are looked at beside this host's own.
        vault: whether there is to be a second copy; second: whether there is to be a second repository.
        archive_limit: how old the newest WAL may become; half of it later a segment is asked for, since a quiet database sends none by itself.
    """

    engine: PgBackRest
    repository: Path
    now: datetime
    peers: Sequence[Peer] = ()
    vault: bool = False
    second: bool = False
    archive_limit: timedelta = Limits.archive
    tls: TlsFiles = TlsFiles()  # noqa: RUF009 - frozen
    proofs: Path = PROOFS
    drills: Path = DRILLS
    state: Path = STATE
    sleep: Callable[[float], None] = time.sleep

    def see(self) -> Seen:
        """Look at all of it. What cannot be read is a fact, not an error."""
        whole = shutil.disk_usage(self.repository) if self.repository.exists() else None
        facts = Facts(
            now=self.now,
            proofs=read_proofs(self.proofs),
            drills=read_results(self.drills),
            certificates=tuple(self.certificates()),
            file_proofs=read_file_proofs(self.state / "files"),
            file_drills=read_file_drills(self.state / "file_drills"),
            free_bytes=whole.free if whole else 0,
            total_bytes=whole.total if whole else 0,
            vault=vault_state(self.state / "vault.json") if self.vault else None,
            second=read_second(self.state / SECOND.name) if self.second else None,
        )
        try:
            stanza = self.engine.info()
            facts = replace(facts, sets=stanza.backups, system_id=stanza.system_id)
            if not stanza.exists or stanza.database_id is None:
                return Seen(replace(facts, problem=f"{stanza.name}: {stanza.message}"), stanza)
            archive, ways = settled_continuity(
                stanza, lambda: self.engine.archive(stanza.database_id or ""), facts.proofs, self.sleep
            )
            probe = Probe(self.engine, self.state / "archive_probe.json", self.now, self.archive_limit / 2)
            archive, problem = probe.freshened(archive, stanza.database_id)
            if facts.second:
                facts = replace(facts, second=second_now(self.engine.second, archive, facts.second))
        except OpsError as error:
            return Seen(replace(facts, problem=str(error)))
        facts = replace(
            facts,
            # Without a set it is well, and that there is none is a finding of its own.
            problem="" if stanza.status == STATUS_OK or not stanza.backups else stanza.message,
            continuity=tuple(ways),
            archived_at=max((each.archived_at for each in archive.segments.values()), default=None),
            archive_problem=problem,
        )
        newest = newest_proven(facts)
        if newest is not None:
            current = replace(newest, taken_at=self.now, repository_free_bytes=facts.free_bytes)
            facts = replace(facts, days_until_full=days_until_full(current, facts.proofs))
        return Seen(facts, stanza, archive)

    def certificates(self) -> list[Certificate]:
        """Return this host's certificate, the site's authority's, and those that the peers show."""
        own = [certificate_in(self.tls.certificate, "host.crt"), certificate_in(self.tls.authority, "ca.crt")]
        return [*own, *(certificate_shown(peer.address, peer.port, peer.name, self.tls) for peer in self.peers)]


def vault_state(path: Path) -> VaultState:
    """Return how the last run into the vault ended."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return VaultState(datetime.fromisoformat(told["at"]).astimezone(UTC), str(told["problem"]))
    except (OSError, KeyError, TypeError, ValueError):
        return VaultState(None, "")


def limits_of(settings: Mapping[str, Any]) -> Limits:
    """Return what is agreed: success_hours, archive_minutes, drill_days, certificate_days, full_days, vault, second, file_hosts.

    Raises:
        OpsError: a setting is missing, or no number.
    """
    try:
        return Limits(
            success=timedelta(hours=float(settings["success_hours"])),
            archive=timedelta(minutes=float(settings["archive_minutes"])),
            drill=timedelta(days=float(settings["drill_days"])),
            certificate=timedelta(days=float(settings["certificate_days"])),
            full_days=float(settings["full_days"]),
            vault=bool(settings["vault"]),
            second=bool(settings["second"]),
            file_hosts=tuple(map(str, settings["file_hosts"])),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise OpsError(
            f"the settings of the backups' watch are incomplete ({error!r}); run traumalink.ops.site"
        ) from None


def look_of(settings: Mapping[str, Any], engine: PgBackRest, now: datetime) -> Look:
    """Return the look that settings describe: repository_path, peers ({name, address, port}) and the limits.

    Raises:
        OpsError: a setting is missing.
    """
    limits = limits_of(settings)
    try:
        peers = [Peer(str(each["name"]), str(each["address"]), int(each["port"])) for each in settings["peers"]]
        repository = Path(settings["repository_path"])
    except (KeyError, TypeError, ValueError) as error:
        raise OpsError(
            f"the settings of the backups' watch are incomplete ({error!r}); run traumalink.ops.site"
        ) from None
    return Look(engine, repository, now, peers, limits.vault, limits.second, limits.archive)
