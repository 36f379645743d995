# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a backup, on the repository's host: see whether it counts, keep its proof, and only then remove what is too old."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from .backup_canary import Observed
from .backup_figures import figures
from .backup_judgement import Evidence, problems, proof_of, second_problems, warnings
from .backup_kind import days_to_keep
from .backup_proof import DRILLS, PROOFS, Proof, read_proofs, write_proof
from .drill_result import read_results
from .errors import OpsError
from .files import TextFile
from .pgbackrest import PgBackRest
from .progress import say
from .second_repository import SECOND, SecondState, read_second, write_second
from .wal_archive import ArchiveError

__all__ = ["Unproven", "Verification", "Verified"]

LOOK_SECONDS = 0.3  # between two looks for WAL that is on its way; each asks the engine
NO_VAULT = "there is no second copy of the repository, so whoever loses or spoils ops takes all backups along; set backup_vault_path to a NAS that is mounted there"


class Unproven(OpsError):  # noqa: N818 - what a set is called of which too little was seen
    """A set does not count.

    Attributes:
        problems: each with what to do.
    """

    def __init__(self, found: list[str]) -> None:
        super().__init__("; ".join(found))
        self.problems = found


@dataclass(frozen=True)
class Verified:
    """What is proven of a set, and what was done then.

    Attributes:
        file: the proof.
        removed: labels of sets that were too old; kept: the set that a drill has proven last.
        lacking: why the set of the second repository does not count, each with what to do; then nothing was removed.
    """

    figures: dict[str, int | float | str]
    warnings: list[str]
    file: TextFile
    removed: list[str]
    kept: str | None
    lacking: list[str] = field(default_factory=list)

    def facts(self) -> dict[str, Any]:
        """Return it as plain data for an Ansible result."""
        content = self.file.content.encode("utf-8")
        artefact = {
            "name": str(self.file.path),
            "sha256": hashlib.sha256(content).hexdigest(),
            "size_bytes": len(content),
        }
        told = {"warnings": "; ".join(self.warnings)} if self.warnings else {}
        return {"figures": {**self.figures, **told}, "warnings_found": self.warnings, "artefact": artefact,
                "removed": self.removed, "kept": self.kept, "second_problems": self.lacking}  # fmt: skip


@dataclass(frozen=True)
class Verification:
    """One look at a set that was just taken.

    Attributes:
        repository: where the engine's repository lies.
        now: aware, UTC.
        wait_seconds: how long WAL may take to arrive.
    """

    engine: PgBackRest
    repository: Path
    now: datetime
    wait_seconds: float = 120.0
    proofs: Path = PROOFS
    drills: Path = DRILLS
    second: Path = SECOND
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def run(
        self,
        label: str,
        observed: Observed,
        *,
        size_expected: bool,
        retention_days: int,
        vault: bool = True,
        second: str = "",
        second_problem: str = "",
    ) -> Verified:
        """See whether the set counts, keep its proof, and remove sets that are older than `retention_days` and not needed.

        Args:
            vault: whether there is a second copy of the repository.
            second: label of the set that the second repository got; "" where there is none.
            second_problem: why it got none; "" where it did, or there is no second repository.

        Raises:
            Unproven: it does not count. Nothing was removed.
            OpsError: the repository cannot be read, or what is too old cannot be removed.
        """
        earlier = {name: proof for name, proof in read_proofs(self.proofs).items() if name != label}
        evidence = self.evidence(label, observed, earlier, size_expected=size_expected)
        if found := list(problems(evidence)):
            raise Unproven(found)
        proof = proof_of(evidence, self.now, shutil.disk_usage(self.repository).free)
        file = write_proof(proof, self.engine.user, self.proofs)
        lacking = self.see_second(second, observed, second_problem) if second or second_problem else []
        told = [*warnings(evidence), *([] if vault else [NO_VAULT])]
        # It removes in each repository. What lies in the second one may be needed, where its new set does not count.
        removed, kept = ([], None) if lacking else self.expire(evidence, retention_days)
        backup = evidence.backup
        if backup is None:
            raise Unproven([f"backup {label} was removed"])
        return Verified(figures(backup, proof, earlier), told, file, removed, kept, lacking)

    def evidence(
        self, label: str, observed: Observed, earlier: Mapping[str, Proof], *, size_expected: bool
    ) -> Evidence:
        """Gather what is known, once all WAL of it has arrived or has had the time to."""
        deadline = self.clock() + self.wait_seconds
        while True:
            stanza = self.engine.info()
            archive = self.engine.archive(stanza.database_id or "")
            evidence = Evidence(stanza, archive, label, observed, earlier, size_expected)
            try:
                complete = not evidence.missing()
            except ArchiveError:
                complete = False
            if complete or self.clock() >= deadline:
                return evidence
            say("waiting for WAL to arrive in the repository")
            self.sleep(LOOK_SECONDS)

    def see_second(self, label: str, observed: Observed, problem: str) -> list[str]:
        """See that the second repository holds its set with all WAL, and keep for the watch how that ended; return why it does not count.

        Args:
            problem: why it got no set; "" where it did.
        """
        try:
            looked = replace(self, engine=self.engine.second)
            found = (
                [problem] if problem else [*second_problems(looked.evidence(label, observed, {}, size_expected=True))]
            )
        except OpsError as error:
            found = [str(error)]
        state = replace(read_second(self.second), problem="; ".join(found)) if found else SecondState(label, self.now)
        write_second(state, self.engine.user, self.second)
        return found

    def expire(self, evidence: Evidence, retention_days: int) -> tuple[list[str], str | None]:
        """Remove sets that are too old, and the proofs of sets that are gone; return their labels, and the set that a drill has proven last."""
        proven, drills = read_proofs(self.proofs), read_results(self.drills)
        days, kept = days_to_keep(evidence.stanza, proven, drills, retention_days, self.now)
        self.engine.expire(days)
        before, after = (
            {backup.label for backup in stanza.backups} for stanza in (evidence.stanza, self.engine.info())
        )
        for path in self.proofs.glob("*.json"):
            if path.stem not in after:
                path.unlink()
        return sorted(before - after), kept
