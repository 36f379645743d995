# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that a timer on ops runs every minute: how it stands with the backups becomes metrics, and a sign of life where nothing is critical."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from .backup_look import limits_of, look_of
from .backup_metrics import metrics_text
from .backup_status import findings
from .command import run
from .errors import OpsError
from .files import TextFile, write_text
from .finding import CRITICAL
from .finding_texts import sentence
from .heartbeat import beat
from .pgbackrest import PgBackRest

__all__ = ["SETTINGS", "main"]

SETTINGS = Path("/etc/traumalink/backup_watch.json")
FILE = "traumalink_backup.prom"


def main(argv: Sequence[str], settings: Path = SETTINGS) -> int:
    """Look, write the metrics, give the sign of life; return the exit status. Findings go to the journal as well."""
    if argv:
        print("backup_watch_program: takes no arguments", file=sys.stderr)
        return 2
    try:
        given = json.loads(settings.read_text(encoding="utf-8"))
        engine = PgBackRest(run, given["stanza"], given["user"], Path(given["repository_path"]))
        facts = look_of(given, engine, datetime.now(UTC)).see().facts
        found = findings(facts, limits_of(given))
        text = metrics_text(given["site"], facts, found)
        write_text(TextFile(Path(given["textfile_directory"]) / FILE, text, owner=given["user"]))
        for finding in found:
            print(f"{finding.severity}: {sentence(finding, 'en')}")
        if given["heartbeat_url"] and not any(finding.severity == CRITICAL for finding in found):
            beat(given["heartbeat_url"])
    except (OSError, KeyError, TypeError, ValueError) as error:
        print(f"{settings} cannot be used: {error!r}; run traumalink.ops.site", file=sys.stderr)
        return 1
    except OpsError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
