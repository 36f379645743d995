"""What is kept of backups of files and of their drills, and read again."""

from __future__ import annotations

import os
import pwd
from datetime import timedelta
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.file_proof import (
    FileDrill,
    FileProof,
    read_file_drills,
    read_file_proofs,
    write_drill,
    write_proof,
)
from backup_samples import NOW

ME = pwd.getpwuid(os.geteuid()).pw_name
PROOF = FileProof("app1", "9cb28017", NOW, 3, 70)


def test_what_is_written_is_read_again_and_the_last_takes_the_place(tmp_path: Path) -> None:
    write_proof(PROOF, tmp_path / "files", ME)
    later = FileProof("app1", "aaaaaaaa", NOW + timedelta(days=1), 4, 80)
    write_proof(later, tmp_path / "files", ME)
    assert read_file_proofs(tmp_path / "files") == {"app1": later}
    drill = FileDrill.of(PROOF, NOW, 2.06, 3, 70, "")
    write_drill(drill, tmp_path / "drills", ME)
    assert read_file_drills(tmp_path / "drills") == {"app1": drill}
    assert (drill.outcome, drill.seconds) == ("success", 2.1)
    assert FileDrill.of(PROOF, NOW, 0.0, 0, 0, "gone").outcome == "failed"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"host": "app1"}',
        '{"host":"app1","snapshot":"a","taken_at":"2026-11-25T00:00:00","files":1,"bytes":1}',
    ],
)
def test_a_damaged_one_proves_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "app1.json").write_text(text)
    assert read_file_proofs(tmp_path) == {}
    assert read_file_drills(tmp_path) == {}


def test_a_place_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OpsError, match="cannot be made"):
        write_proof(PROOF, tmp_path / "file" / "below", ME)
