# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that a timer on ops runs every minute: new WAL goes into the vault, whatever becomes of the repository."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from .command import run
from .errors import OpsError
from .vault import vault_of

__all__ = ["SETTINGS", "main"]

SETTINGS = Path("/etc/traumalink/vault.json")


def main(argv: Sequence[str], settings: Path = SETTINGS) -> int:
    """Copy new WAL; return the exit status. What is wrong goes to the journal and into the vault's state."""
    if argv:
        print("vault_program: takes no arguments", file=sys.stderr)
        return 2
    try:
        given = json.loads(settings.read_text(encoding="utf-8"))
        kept = vault_of(given, run, datetime.now(UTC)).keep(wal_only=True)
    except (OSError, ValueError) as error:
        print(f"{settings} cannot be read: {error}; run traumalink.ops.site", file=sys.stderr)
        return 1
    except OpsError as error:
        print(error, file=sys.stderr)
        return 1
    if kept.files:
        print(f"{kept.files} files, {kept.bytes} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
