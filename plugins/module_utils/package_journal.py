# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the last patching of a host has replaced, written down before it began: the way back needs neither mirror nor plan."""

from __future__ import annotations

import json
import os
import pwd
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .apt_host import deb_name
from .errors import OpsError
from .files import TextFile, write_text

__all__ = ["JOURNAL", "Change", "PackageError", "conclude", "note", "read_journal"]

JOURNAL = Path("/var/lib/traumalink/patch/applied.json")


class PackageError(OpsError):
    """Packages are not what they were to become."""


@dataclass(frozen=True)
class Change:
    """One package: from which version to which.

    Attributes:
        name: with its architecture where that is not the host's own. installed: "" where it is new.
        way_back: why it cannot be taken back, "" where it can.
    """

    name: str
    architecture: str
    installed: str
    candidate: str
    way_back: str = ""

    @property
    def old_file(self) -> str:
        """The .deb file of the version before."""
        return deb_name(self.name.partition(":")[0], self.installed, self.architecture)


def note(pending: Sequence[Change], run_id: str, journal: Path) -> None:
    """Write down what a run is about to replace; a second step of the same run adds to it."""
    entry = read_journal(journal)
    earlier = entry["changes"] if entry["run_id"] == run_id and entry["open"] else []
    known = {each.name for each in pending}
    changes = [each for each in earlier if each.name not in known] + list(pending)
    _write(journal, run_id, changes, is_open=True)


def conclude(run_id: str, journal: Path = JOURNAL, *, check: bool = False) -> bool:
    """Write down that what a run has replaced works: an operation that fails or is cut off later takes nothing of it back. Return whether it was open.

    Raises:
        PackageError: the file is damaged.
    """
    entry = read_journal(journal)
    is_open = bool(entry["run_id"] == run_id and entry["open"])
    if is_open and not check:
        _write(journal, run_id, entry["changes"], is_open=False)
    return is_open


def _write(journal: Path, run_id: str, changes: Sequence[Change], *, is_open: bool) -> None:
    journal.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    entry = {"run_id": run_id, "open": is_open, "changes": [asdict(each) for each in changes]}
    write_text(TextFile(journal, json.dumps(entry, indent=1) + "\n", pwd.getpwuid(os.geteuid()).pw_name))


def read_journal(journal: Path = JOURNAL) -> dict[str, Any]:
    """Return the `run_id` of the last patching of this host, its `changes`, and whether it is `open`: not seen to work yet; "" and none where there
    was none.

    Raises:
        PackageError: the file is damaged.
    """
    try:
        data = json.loads(journal.read_text(encoding="utf-8"))
        return {"run_id": data["run_id"], "open": data["open"], "changes": [Change(**each) for each in data["changes"]]}
    except FileNotFoundError:
        return {"run_id": "", "open": False, "changes": []}
    except (ValueError, KeyError, TypeError) as error:
        raise PackageError(
            f"{journal} is damaged ({error!r}); move it away: what it said cannot be taken back any more"
        ) from None
