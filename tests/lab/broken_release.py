"""Releases that are broken on purpose, or by what happens around them, made out of a good one: what an upgrade must notice and take back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

MIGRATION = '''"""One more column."""

from __future__ import annotations

from alembic import op
from trauma import rehearsal

revision = "{revision}"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it."""
'''
ADDS = """    op.execute("ALTER TABLE trauma.trauma_case ADD COLUMN one_more text")
"""
# After it has changed something: the column is gone again, for it is one transaction.
FAILS = """    op.execute("DO $$ BEGIN RAISE EXCEPTION 'this migration is broken'; END $$")
"""
# Pauses where a rehearsal asks it to; then the table must be free for an instant.
PAUSES = """    op.execute(rehearsal.middle_of(revision))
"""


@dataclass(frozen=True)
class Broken:
    """One broken variant: what is wrong with it, the good version it is made of, and what is done to that version's folder.

    `fault` is the text that an upgrade's record can be searched for.
    """

    base: str
    fault: str
    spoil: Callable[[Path, dict[str, Any]], None]


def _does_not_start(folder: Path, manifest: dict[str, Any]) -> None:
    del manifest
    _append(folder / "gunicorn.conf.py", '\nraise SystemExit("this release does not start")\n')


def _unhealthy(folder: Path, manifest: dict[str, Any]) -> None:
    del manifest
    _append(folder / "trauma/health.py", '\n\nMODULES = {**MODULES, "triage": Needs(reads=("triage_rule",))}\n')


def _starts_on_the_first_host_only(folder: Path, manifest: dict[str, Any]) -> None:
    del manifest
    text = '\nimport socket\n\nif socket.gethostname() != "app1":\n    raise SystemExit("this release starts on app1 only")\n'
    _append(folder / "gunicorn.conf.py", text)


def _migration_fails(folder: Path, manifest: dict[str, Any]) -> None:
    _add_migration(folder, manifest, "0003", "expand", ADDS + FAILS)


def _migration_locks(folder: Path, manifest: dict[str, Any]) -> None:
    _add_migration(folder, manifest, "0003", "expand", PAUSES + ADDS)


def _second_step_fails(folder: Path, manifest: dict[str, Any]) -> None:
    _add_migration(folder, manifest, "0004", "breaking", ADDS + FAILS)


def _one_more_step(folder: Path, manifest: dict[str, Any]) -> None:
    _add_migration(folder, manifest, "0004", "breaking", ADDS)


def _add_migration(folder: Path, manifest: dict[str, Any], revision: str, kind: str, steps: str) -> None:
    text = MIGRATION.format(revision=revision, before=f"{int(revision) - 1:04}") + steps
    (folder / f"migrations/versions/{revision}_added.py").write_text(text, encoding="utf-8")
    program = ["/usr/bin/python3", "-m", "trauma.migrate"]
    manifest["migrations"].append(
        {
            "id": revision,
            "kind": kind,
            "expected_seconds": 5,
            "check": [*program, "check", revision],
            "command": [*program, "apply", revision],
        }
    )


def _append(file: Path, text: str) -> None:
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


BROKEN: Mapping[str, Broken] = {
    "1.1.1": Broken("1.1.0", "this release does not start", _does_not_start),
    "1.1.2": Broken("1.1.0", "triage_rule", _unhealthy),
    "1.1.3": Broken("1.1.0", "this migration is broken", _migration_fails),
    "1.1.4": Broken("1.1.0", "rehearsal.middle_of", _migration_locks),
    "1.1.5": Broken("1.1.0", "this release starts on app1 only", _starts_on_the_first_host_only),
    # Their first migration is breaking and applied when the fault shows.
    "1.3.1": Broken("1.3.0", "this migration is broken", _second_step_fails),
    "1.3.2": Broken("1.3.0", "triage_rule", _unhealthy),
    # Nothing is wrong with it: a second way with downtime, from 1.3.0 on.
    "1.3.3": Broken("1.3.0", "one_more", _one_more_step),
}


def broken_from(folder: Path, version: str, broken: Broken) -> None:
    """Make the broken version out of its base, which lies in `folder`; it comes from the base and from what that came from."""
    path = folder / "release.yml"
    manifest = yaml.safe_load(path.read_text(encoding="utf-8"))
    manifest["from_versions"] = [*manifest["from_versions"], broken.base]
    manifest["version"] = version
    broken.spoil(folder, manifest)
    path.write_text(yaml.safe_dump(manifest, allow_unicode=True, sort_keys=False), encoding="utf-8")
    for notes in folder.glob("docs/update_notes.*.md"):
        notes.write_text(notes.read_text(encoding="utf-8").replace(broken.base, version, 1), encoding="utf-8")
