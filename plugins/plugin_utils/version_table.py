# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The version register of a site (clause 2.5) as a table for people and as plain data for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.files import sync_folder

__all__ = ["TableError", "problems", "version_document", "version_lines", "write_document"]

HEADINGS = ("host", "application", "version", "state", "slot", "current since", "files", "archive", "")
WHOLE = {True: "as released", False: "CHANGED", None: "removed"}
Answers = Mapping[str, Mapping[str, Any]]


class TableError(OpsError):
    """The register cannot be written to a file."""


def problems(answers: Answers) -> dict[str, str]:
    """Return the hosts that could not tell, each with the reason; those that were not asked are none of them.

    Args:
        answers: app host to what M(traumalink.ops.release_info) answered (`versions`) or why it did not (`problem` or `msg`); empty where it was not asked.
    """
    return {
        host: " ".join(str(answer.get("problem") or answer.get("msg") or "it gave no answer").split())
        for host, answer in answers.items()
        if answer and "versions" not in answer
    }


def version_lines(answers: Answers, zone: tzinfo) -> list[str]:
    """Return the table, a line for each host without an answer, and programs and documents of each version that is current.

    Times are shown in `zone`.
    """
    found = [(host, version) for host, answer in answers.items() for version in answer.get("versions", ())]
    lines = list(_aligned([HEADINGS, *(_row(host, version, zone) for host, version in found)]))
    lines += [f"{host}: no application came here" for host, answer in answers.items() if answer.get("versions") == []]
    lines += [f"{host}: not asked" for host, answer in answers.items() if not answer]
    lines += [f"{host}: cannot tell: {reason}" for host, reason in problems(answers).items()]
    current = {
        (version["application"], version["version"]): version
        for _host, version in found
        if version["state"] == "current"
    }
    for version in current.values():
        lines += ["", *_contents(version)]
    return lines


def _row(host: str, version: Mapping[str, Any], zone: tzinfo) -> tuple[str, ...]:
    at = version["activated_at"]
    since = f"{datetime.fromisoformat(at).astimezone(zone):%Y-%m-%d %H:%M}" if at else "-"
    remarks = [f"BAD: {version['bad']}"] if version["bad"] else []
    remarks += ["no way back"] if version["final"] else []
    return (
        host, version["application"], version["version"], version["state"], version["slot"] or "-", since, WHOLE[version["whole"]],
        version["sha256"][:12] or "-", "; ".join(remarks),
    )  # fmt: skip


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _contents(version: Mapping[str, Any]) -> Iterator[str]:
    yield f"{version['application']} {version['version']}, archive SHA-256 {version['sha256']}, signed by {version['signer']}"
    rows = [
        ("program", program["name"], program["sha256"] or "of the host", " ".join(program["command"]))
        for program in version["programs"]
    ]
    rows.append(("programs", f"{version['files']} files", version["programs_sha256"], "all that are no documents"))
    rows += [
        (document["kind"].replace("_", " "), document["language"], document["sha256"], document["path"])
        for document in version["documents"]
    ]
    for line in _aligned(rows):
        yield f"  {line}"


def version_document(answers: Answers, site: str, at: datetime) -> str:
    """Return the register as JSON: `site`, `at`, and for each host its `versions`, or the `problem` that it has."""
    faults = problems(answers)
    hosts = {
        host: {"problem": faults[host]} if host in faults else {"versions": answer["versions"]}
        for host, answer in answers.items()
        if answer
    }
    data = {"site": site, "at": at.isoformat(timespec="seconds"), "hosts": hosts}
    return json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def write_document(path: Path, text: str) -> None:
    """Write the register to a file on the controller, at once or not at all.

    Raises:
        TableError: `path` is relative, or cannot be written.
    """
    if not path.is_absolute():
        raise TableError(
            f"version_register_file {str(path)!r} is not an absolute path; give it whole, as in /srv/reports/versions.json."
        )
    temporary = path.with_name(f".{path.name}.new")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise TableError(f"{path} cannot be written ({error.strerror}); give another version_register_file.") from None
