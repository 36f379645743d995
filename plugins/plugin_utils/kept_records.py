# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records that the controller keeps while the ops host cannot be reached, until the next operation brings them into the ledger."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.files import sync_folder
from ansible_collections.traumalink.ops.plugins.module_utils.witness import alone, append

__all__ = ["forget", "keep", "kept", "readable"]


def keep(file: Path, record: Mapping[str, Any]) -> None:
    """Keep a record durably as one line of JSON."""
    with alone(file):
        append(file, json.dumps(record, sort_keys=True, ensure_ascii=False) + "\n")


def kept(file: Path) -> list[str]:
    """Return the lines of the records that are kept, oldest first; a line without its end is what a killed run left.

    Bytes that are no UTF-8 survive (as surrogates): what is wrong about a line is told, and never ends the reading of the others.
    """
    return file.read_bytes().decode("utf-8", "surrogateescape").split("\n")[:-1] if file.exists() else []


def readable(line: str) -> str:
    """Return a line as it is given to the ledger: one that is no text at all becomes one that is no record."""
    return line if line.encode("utf-8", "replace").decode("utf-8") == line else "no UTF-8"


def forget(file: Path, imported: Collection[str], rejected: Collection[str] = ()) -> Path:
    """Put the records aside that are in the ledger now, and the lines that are no records, durably; keep those that came meanwhile.

    Returns:
        The file of the rejected lines.
    """
    aside = file.with_suffix(".rejected.jsonl")
    with alone(file):
        rest = [line for line in kept(file) if line not in imported and line not in rejected]
        for place, lines in ((file.with_suffix(".imported.jsonl"), imported), (aside, rejected)):
            if lines:
                append(place, "".join(f"{line}\n" for line in lines))
        temporary = file.with_suffix(".new")
        temporary.touch(mode=0o600)
        with temporary.open("wb") as stream:
            stream.write("".join(f"{line}\n" for line in rest).encode("utf-8", "surrogateescape"))
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(file)
        sync_folder(file.parent)
    return aside
