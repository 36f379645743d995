# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The newest head of a site's ledger that this controller has seen: who is root on ops and on the witness at once cannot reach it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.files import sync_folder
from ansible_collections.traumalink.ops.plugins.module_utils.witness import HeadError, Seen, alone, append, seen_of

__all__ = ["heads", "note"]


def heads(file: str) -> list[dict[str, Any]]:
    """Return the newest head that was kept in a file, with who has seen it; none where there is no file yet, or it is "".

    Raises:
        HeadError: the file is damaged, or cannot be read.
    """
    path = Path(file).expanduser()
    seen = _read(path) if file else None
    return [] if seen is None else [{**vars(seen), "seen_by": f"this controller ({path})"}]


def note(file: str, head: Mapping[str, Any]) -> None:
    """Keep a head, unless a later one is kept already: two operations that close at the same moment may tell theirs in the other order.

    Raises:
        HeadError: what is kept is damaged, or the file cannot be written.
    """
    path, told = Path(file).expanduser(), seen_of(head)
    try:
        with alone(path):
            seen = _read(path)
            if seen is None or seen.sequence < told.sequence:
                temporary = path.with_suffix(".new")
                temporary.unlink(missing_ok=True)
                append(temporary, told.line())
                temporary.replace(path)
                sync_folder(path.parent)
    except OSError as error:
        raise HeadError(f"{path} cannot be written ({error.strerror})") from None


def _read(path: Path) -> Seen | None:
    try:
        return seen_of(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise HeadError(f"{path} cannot be read ({error.strerror})") from None
    except (HeadError, ValueError):
        raise HeadError(
            f"{path}, which keeps the newest head of the ledger, is damaged; verify the ledger with traumalink.ops.ledger against the heads that "
            "were kept elsewhere, then move that file aside"
        ) from None
