"""Files on ops with secrets are kept from the group of the repository's user: the drill's user is in it, to read the repository and no more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

ROLES = Path(__file__).resolve().parents[3] / "roles"
ON_OPS = {
    "__backup_on_repository": True,
    "__backup_user": "pgbackrest",
    "__drill_user": "traumalink-drill",
    "__file_backup_user": "traumalink-files",
}
WRITERS = ("ansible.builtin.copy", "ansible.builtin.template")


def secret_files() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what is written without a log for the repository's group: where the task stands, and its arguments."""
    for path in sorted(ROLES.glob("*/tasks/*.yml")):
        for task in DataLoader().load_from_file(str(path), trusted_as_template=True):
            given = next((task[name] for name in WRITERS if name in task), None)
            if given and task.get("no_log") and "{{ item" not in str(given):
                group = Templar(DataLoader(), ON_OPS).template(given["group"])
                if group == "pgbackrest":
                    yield f"{path.parts[-3]}/{path.stem}", given


def test_there_are_such_files() -> None:
    assert [place for place, _given in secret_files()] == ["backup/configure", "backup_check/watch"]


@pytest.mark.parametrize(("place", "given"), list(secret_files()))
def test_only_its_user_reads_them(place: str, given: dict[str, Any]) -> None:
    read = {name: Templar(DataLoader(), ON_OPS).template(given[name]) for name in ("owner", "mode")}
    assert read == {"owner": "pgbackrest", "mode": "0400"}, place
