"""The version register as a table and as JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.version_table import (
    TableError,
    problems,
    version_document,
    version_lines,
    write_document,
)

ZONE = ZoneInfo("Asia/Shanghai")


def version(number: str, state: str, **changes: Any) -> dict[str, Any]:
    """Return a version as release_info tells it."""
    return {
        "application": "trauma", "version": number, "state": state, "slot": "", "sha256": number * 10, "signer": "vendor", "activated_at": "",
        "bad": "", "final": False, "whole": True, "files": 12, "programs_sha256": "p" * 64, "programs": [], "documents": [], **changes,
    }  # fmt: skip


CURRENT = version(
    "1.1.0", "current", slot="green", activated_at="2026-11-25T14:30:00Z",
    programs=[{"name": "web", "command": ["/usr/bin/gunicorn", "app:main"], "singleton": False, "sha256": ""},
              {"name": "worker", "command": ["bin/worker"], "singleton": True, "sha256": "w" * 64}],
    documents=[{"kind": "update_notes", "language": "zh", "path": "/opt/trauma/releases/1.1.0/docs/notes.zh.md", "sha256": "d" * 64}],
)  # fmt: skip
ANSWERS: dict[str, dict[str, Any]] = {
    "app1": {"versions": [version("1.2.0", "bad", bad="triage unhealthy", whole=None), CURRENT, version("1.0.0", "previous good", slot="blue")]},
    "app2": {"versions": [{**CURRENT, "whole": False, "final": True}]},
    "app3": {},
    "app4": {"versions": []},
    "app5": {"problem": "Connection timed\n out"},
    "app6": {"failed": False, "msg": "releases.json is damaged"},
}  # fmt: skip


def test_a_line_for_each_version_on_each_host() -> None:
    lines = version_lines(ANSWERS, ZONE)
    assert lines[:5] == [
        "host  application  version  state          slot   current since     files        archive",
        "app1  trauma       1.2.0    bad            -      -                 removed      1.2.01.2.01.  BAD: triage unhealthy",
        "app1  trauma       1.1.0    current        green  2026-11-25 22:30  as released  1.1.01.1.01.",
        "app1  trauma       1.0.0    previous good  blue   -                 as released  1.0.01.0.01.",
        "app2  trauma       1.1.0    current        green  2026-11-25 22:30  CHANGED      1.1.01.1.01.  no way back",
    ]


def test_no_host_is_passed_over_in_silence() -> None:
    assert version_lines(ANSWERS, ZONE)[5:9] == [
        "app4: no application came here",
        "app3: not asked",
        "app5: cannot tell: Connection timed out",
        "app6: cannot tell: releases.json is damaged",
    ]
    assert list(problems(ANSWERS)) == ["app5", "app6"]


def test_programs_and_documents_of_what_is_current_once() -> None:
    lines = version_lines(ANSWERS, ZONE)[9:]
    assert lines == [
        "",
        f"trauma 1.1.0, archive SHA-256 {'1.1.0' * 10}, signed by vendor",
        f"  program       web       {'of the host'.ljust(64)}  /usr/bin/gunicorn app:main",
        f"  program       worker    {'w' * 64}  bin/worker",
        f"  programs      12 files  {'p' * 64}  all that are no documents",
        f"  update notes  zh        {'d' * 64}  /opt/trauma/releases/1.1.0/docs/notes.zh.md",
    ]


def test_a_site_without_answers_has_a_heading_alone() -> None:
    assert version_lines({}, ZONE) == ["host  application  version  state  slot  current since  files  archive"]


def test_as_json(tmp_path: Path) -> None:
    file = tmp_path / "versions.json"
    write_document(file, version_document(ANSWERS, "my_hospital", datetime(2026, 11, 26, 1, 0, tzinfo=UTC)))
    data = json.loads(file.read_text())
    assert (data["site"], data["at"]) == ("my_hospital", "2026-11-26T01:00:00+00:00")
    assert sorted(data["hosts"]) == ["app1", "app2", "app4", "app5", "app6"]
    assert data["hosts"]["app2"]["versions"][0]["documents"][0]["sha256"] == "d" * 64
    assert data["hosts"]["app6"] == {"problem": "releases.json is damaged"}
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("path", "said"), [("versions.json", "is not an absolute path"), ("/nowhere/versions.json", "cannot be written")]
)
def test_says_where_it_cannot_be_written(path: str, said: str) -> None:
    with pytest.raises(TableError, match=said):
        write_document(Path(path), "{}")
