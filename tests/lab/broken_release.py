"""Releases that are broken on purpose, or by what happens around them, made out of a good one: what an upgrade must notice and take back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HEAD = """
from __future__ import annotations

from alembic import op
from trauma import rehearsal

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

"""
FAILING = f'''"""Fails in the middle, after it has changed something."""
{HEAD}
def upgrade() -> None:
    """Add a column, then fail: the column is gone again, for it is one transaction."""
    op.execute("ALTER TABLE trauma.trauma_case ADD COLUMN never_there text")
    op.execute("DO $$ BEGIN RAISE EXCEPTION 'this migration is broken'; END $$")
'''
LOCKING = f'''"""Pauses where a rehearsal asks it to, then takes the table for itself, as briefly as it can."""
{HEAD}
def upgrade() -> None:
    """Add a column, for which the table must be free for an instant."""
    op.execute(rehearsal.middle_of(revision))
    op.execute("ALTER TABLE trauma.trauma_case ADD COLUMN never_there text")
'''


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
    _add_migration(folder, manifest, "0003_broken.py", FAILING)


def _migration_locks(folder: Path, manifest: dict[str, Any]) -> None:
    _add_migration(folder, manifest, "0003_locking.py", LOCKING)


def _add_migration(folder: Path, manifest: dict[str, Any], name: str, text: str) -> None:
    (folder / "migrations/versions" / name).write_text(text, encoding="utf-8")
    program = ["/usr/bin/python3", "-m", "trauma.migrate"]
    manifest["migrations"].append(
        {
            "id": "0003",
            "kind": "expand",
            "expected_seconds": 5,
            "check": [*program, "check", "0003"],
            "command": [*program, "apply", "0003"],
        }
    )


def _append(file: Path, text: str) -> None:
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


BROKEN: Mapping[str, Broken] = {
    "1.1.1": Broken("1.1.0", "this release does not start", _does_not_start),
    "1.1.2": Broken("1.1.0", "triage_rule", _unhealthy),
    "1.1.3": Broken("1.1.0", "this migration is broken", _migration_fails),
    "1.1.4": Broken("1.1.0", "takes the table for itself", _migration_locks),
    "1.1.5": Broken("1.1.0", "this release starts on app1 only", _starts_on_the_first_host_only),
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
