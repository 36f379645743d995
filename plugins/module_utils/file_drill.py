# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drill of files: the last backup of each host comes back into a scratch folder, is compared, and is removed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from .drill_result import FAILED
from .drill_scratch import Scratch
from .errors import OpsError
from .file_paths import regular_files
from .file_proof import FileDrill, FileProof
from .progress import say
from .restic import Restic

__all__ = ["FileDrilling"]

NOTHING = "there is no backup of its files that counts; run traumalink.ops.backup_files"


@dataclass(frozen=True)
class FileDrilling:
    """One drill of the files of several hosts.

    Attributes:
        repository: gives the repository of a host, as the drill reaches it.
        proofs: what was seen of the backups when they were taken, by host.
        now: aware, UTC; clock: counts seconds.
    """

    scratch: Scratch
    repository: Callable[[str], Restic]
    proofs: Mapping[str, FileProof]
    now: datetime
    clock: Callable[[], float]

    def run(self, hosts: Sequence[str]) -> list[FileDrill]:
        """Bring the files of each host back, one host after the other, and say how it went; one that fails keeps no other from its turn.

        Raises:
            OpsError: another drill is at work, or what was brought back cannot be removed.
        """
        drills = []
        for host in hosts:
            if host not in self.proofs:
                drills.append(FileDrill(host, "", self.now, FAILED, NOTHING, 0.0, 0, 0))
                continue
            say(f"brings back the files of {host}")
            with self.scratch.held():
                drills.append(self.one(self.proofs[host]))
        return drills

    def one(self, proof: FileProof) -> FileDrill:
        """Bring the files of one host back and compare them with what went in."""
        begun, files, total, reason = self.clock(), 0, 0, ""
        try:
            self.scratch.require(proof.bytes + proof.bytes // 10)
            self.scratch.prepare()
            self.repository(proof.host).restore(proof.snapshot, self.scratch.data)
            seconds = self.clock() - begun
            files, total = regular_files(self.scratch.data)
            if (files, total) != (proof.files, proof.bytes):
                reason = f"{files:,} files with {total:,} bytes came back, {proof.files:,} with {proof.bytes:,} bytes went in"
        except OpsError as error:
            seconds, reason = 0.0, str(error)
        return FileDrill.of(proof, self.now, seconds, files, total, reason)
