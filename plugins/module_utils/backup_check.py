# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The check of a site's backups: everything is looked at, judged, and written down as the contract's monthly report."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from .backup_look import Look
from .backup_month import BACKED_UP, MISSING, BackupMonth, History, month_of_backups
from .backup_report_page import Heading, backup_page
from .backup_status import Facts, Limits, findings, newest_proven
from .command import Runner
from .errors import OpsError
from .finding import CRITICAL, SEVERITIES, WARNING, Finding
from .finding_texts import sentence
from .ledger_reading import Selection, records
from .ledger_selection import month_of
from .ledger_store import Store
from .progress import say
from .report_page import LANGUAGES, make_pdf
from .repository_damage import repository_damage
from .vault import Vault

__all__ = ["Asked", "Checked", "check", "history_from", "history_of", "month_asked", "write_reports"]

Reader = Callable[[datetime, datetime, datetime], History]


@dataclass(frozen=True)
class Asked:
    """What is asked for.

    Attributes:
        month: such as `2026-11`, of the calendar of `zone`; retention_days: what is agreed.
        files: whether every file of the repository, and of the second copy, is read and compared with its checksum.
    """

    month: str
    zone: ZoneInfo
    retention_days: int
    files: bool


@dataclass(frozen=True)
class Checked:
    """What the check came to: facts, the month, and the findings, the gravest first."""

    facts: Facts
    month: BackupMonth
    findings: tuple[Finding, ...]
    zone: ZoneInfo

    @property
    def problems(self) -> list[str]:
        """What the check fails on, a line each."""
        return [
            f"{each.severity}: {sentence(each, 'en', self.zone)}"
            for each in self.findings
            if each.severity in (CRITICAL, WARNING)
        ]

    def figures(self) -> dict[str, int | float | str]:
        """Return figures for the record."""
        newest = newest_proven(self.facts)
        told: dict[str, int | float | str] = {
            "month": self.month.month,
            "days_backed_up": self.month.count(BACKED_UP),
            "days_missing": self.month.count(MISSING),
            "sets": len(self.facts.sets),
            "repository_free_bytes": self.facts.free_bytes,
        }
        told |= {
            f"findings_{severity}": sum(each.severity == severity for each in self.findings) for severity in SEVERITIES
        }
        if newest is not None:
            age = int((self.facts.now - newest.taken_at) / timedelta(seconds=1))
            told |= {
                "last_success": newest.label,
                "last_success_age_seconds": age,
                "database_bytes": newest.database_bytes,
            }
        if self.facts.days_until_full is not None:
            told["days_until_full"] = self.facts.days_until_full
        if self.month.restore_seconds is not None:
            told["restore_estimate_seconds"] = round(self.month.restore_seconds)
        return told

    def pages(self, heading: Heading) -> dict[str, str]:
        """Return the report as HTML by language."""
        return {
            language: backup_page(heading, self.facts, self.month, self.findings, language, self.zone)
            for language in LANGUAGES
        }


def month_asked(month: str, zone: ZoneInfo, now: datetime) -> str:
    """Return the month that is asked for; without one that of yesterday, so that the first of a month tells of the month before.

    Raises:
        OpsError: it is no month, or has not begun.
    """
    if not month:
        return f"{now.astimezone(zone) - timedelta(days=1):%Y-%m}"
    begins, _ends = month_of(month, str(zone))
    if begins > now:
        raise OpsError(f"backup_check_month {month} has not begun; ask for a month that has")
    return month


def check(look: Look, limits: Limits, asked: Asked, read: Reader, vault: Vault | None = None) -> Checked:
    """Look at everything and judge it.

    Args:
        read: gives what the ledger knows, from when to when, and since when the agreed time must be covered.
        vault: the second copy, where there is one.

    Raises:
        OpsError: the ledger cannot be read, or the engine is missing.
    """
    say("looks at the repository")
    facts = look.see().facts
    if asked.files and not facts.problem:
        say("reads every file of the repository")
        facts = replace(facts, damaged=repository_damage(look.engine, [backup.label for backup in facts.sets]))
    if asked.files and vault is not None:
        say("reads every file of the second copy")
        facts = replace(facts, vault_damaged=vault.damage())
    begins, ends = month_of(asked.month, str(asked.zone))
    history = read(begins, ends, facts.now - timedelta(days=asked.retention_days))
    month = month_of_backups(asked.month, asked.zone, facts, history, asked.retention_days)
    found = sorted([*findings(facts, limits), *month.findings], key=lambda each: SEVERITIES.index(each.severity))
    return Checked(facts, month, tuple(found), asked.zone)


def history_of(store: Store, begins: datetime, ends: datetime, covered_since: datetime) -> dict[str, Any]:
    """Return the fields of a History, as plain data.

    Raises:
        LedgerError: the ledger cannot be read.
    """

    def kept(record: Mapping[str, Any]) -> dict[str, Any]:
        return {name: record[name] for name in ("verb", "outcome", "rehearsal", "started_at", "reason", "figures")}

    verbs = ("backup", "backup_files", "drill")
    month = [kept(record) for verb in verbs for record in records(store, Selection(verb, begins, ends))]
    return {
        "records": sorted(month, key=lambda record: str(record["started_at"])),
        "begun": bool(records(store, Selection("backup", until=begins), limit=1)),
        "older": bool(records(store, Selection("backup", until=covered_since, outcome="success"), limit=1)),
        "files_begun": bool(records(store, Selection("backup_files", until=begins, outcome="success"), limit=1)),
    }


def write_reports(folder: Path, name: str, pages: Mapping[str, str], runner: Runner) -> list[dict[str, Any]]:
    """Write each page as HTML and PDF; return the files as a record's artefacts. What is there under that name is a report of another run.

    Raises:
        OpsError: a file cannot be written, or is there; a PDF cannot be made.
    """
    files: list[Path] = []
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        for language, text in pages.items():
            source = folder / f"{name}-{language}.html"
            with source.open("x", encoding="utf-8") as stream:
                stream.write(text)
            make_pdf(runner, source, source.with_suffix(".pdf"))
            files += [source, source.with_suffix(".pdf")]
    except OSError as error:
        raise OpsError(
            f"the report cannot be written to {folder}: {error.strerror}; see that there is room and that it is not there yet"
        ) from None
    return [artefact(path) for path in files]


def artefact(path: Path) -> dict[str, Any]:
    """Return a file as a record names it; it can be read by its owner's group."""
    path.chmod(0o640)
    content = path.read_bytes()
    return {"name": str(path), "sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}


def history_from(plain: Mapping[str, Any]) -> History:
    """Return the History of plain data."""
    found: Sequence[Mapping[str, Any]] = plain["records"]
    return History(found, bool(plain["begun"]), bool(plain["older"]), bool(plain["files_begun"]))
