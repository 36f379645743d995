# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records that the controller keeps while the ops host cannot be reached, until the next operation brings them into the ledger."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.witness import alone, append

__all__ = ["forget", "keep", "kept"]


def keep(file: Path, record: Mapping[str, Any]) -> None:
    """Keep a record durably as one line of JSON."""
    with alone(file):
        append(file, json.dumps(record, sort_keys=True, ensure_ascii=False) + "\n")


def kept(file: Path) -> list[str]:
    """Return the lines of the records that are kept, oldest first; a line without its end is what a killed run left."""
    return file.read_text(encoding="utf-8").split("\n")[:-1] if file.exists() else []


def forget(file: Path, lines: list[str]) -> None:
    """Put the records aside that are in the ledger now, and keep those that came meanwhile."""
    with alone(file):
        rest = [line for line in kept(file) if line not in lines]
        append(file.with_suffix(".imported.jsonl"), "".join(f"{line}\n" for line in lines))
        temporary = file.with_suffix(".new")
        temporary.write_text("".join(f"{line}\n" for line in rest), encoding="utf-8")
        temporary.chmod(0o600)
        temporary.replace(file)
