# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tablespaces outside the data directory: the engine brings them back to their own places, and what lies there is kept aside like the data.

PostgreSQL keeps one folder in each place, named for its version (PG_15_202209061). That one is renamed where it lies: the place itself may be a mount
point.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterable
from pathlib import Path

from .errors import OpsError
from .files import sync_folder

__all__ = ["ASIDE", "TablespaceError", "keep_aside", "lying_there", "make_places"]

ASIDE = ".before-restore-"


class TablespaceError(OpsError):
    """A tablespace cannot come back to its place."""


def lying_there(places: Iterable[Path]) -> list[Path]:
    """Return PostgreSQL's folders in these places that hold anything.

    Raises:
        TablespaceError: a place is something else than a folder. Nothing was changed.
    """
    found = []
    for place in places:
        if place.exists() and not place.is_dir():
            raise TablespaceError(
                f"{place}, where a tablespace comes back to, is no folder; look what it is and move it away. Nothing was changed"
            )
        folders = sorted(place.glob("PG_*")) if place.is_dir() else []
        found += [each for each in folders if ASIDE not in each.name and each.is_dir() and any(each.iterdir())]
    return found


def keep_aside(folders: Iterable[Path], stamp: str) -> None:
    """Rename folders where they lie; never removed, never replaced."""
    for folder in folders:
        os.rename(folder, folder.with_name(f"{folder.name}{ASIDE}{stamp}"))  # noqa: PTH104 - fails rather than replaces
        sync_folder(folder.parent)


def make_places(places: Iterable[Path], user: str) -> None:
    """Make the places that are not there, for the server's user alone; one that is there goes to that user."""
    account = pwd.getpwnam(user)
    for place in places:
        if not place.is_dir():
            place.mkdir(mode=0o700, parents=True)
        os.chown(place, account.pw_uid, account.pw_gid)
