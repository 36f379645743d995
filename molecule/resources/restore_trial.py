"""One combination is tried: what serves is spoilt, the host is lost where that is meant, and exactly the moment that was asked for comes back."""

from __future__ import annotations

import subprocess
import tempfile
from datetime import datetime
from typing import Any

from flows import at, lab, reach, sql
from operations import last_record
from restore_combinations import Combination
from restore_story import Moment, Story, labels, restore, the_end
from strange_database import PLACE, content, rows, see_that_it_works, spoil

DATA = "/var/lib/postgresql"
KEPT = ".before-restore-"
PACK = f"tar -C / --numeric-owner --exclude='*{KEPT}*' -cf - {DATA[1:]} {str(PLACE)[1:]}"
UNPACK = "tar -C / --numeric-owner -xpf -"


def try_out(combination: Combination, story: Story, number: int, *arguments: str) -> dict[str, Any]:
    """Restore in this way to the moment behind a row (for `end` to the end), and return what the restore reported.

    Raises:
        AssertionError: with what is not as it must be.
    """
    spoil()
    moment = the_end() if combination.kind == "end" else story.moment(combination.kind, number)
    if combination.kind != "end":
        assert rows() != moment.rows, "nothing would be seen of a restore that brings nothing back"
        assert content() != moment.content, "nothing would be seen of a restore that brings nothing back"
    before = timeline()
    if combination.host == "new":
        take_the_place(with_disk=combination.mode == "delta")
    run, summary = restore(*arguments, restore_delta=combination.mode == "delta", **moment.variables)
    assert run.succeeded, f"the restore failed: {run.output[-3000:]}"
    assert summary, "the restore reported nothing"
    compare(moment, summary)
    assert int(summary["timeline"]) == timeline() > before, (
        f"timeline {summary['timeline']}, {timeline()} after {before}"
    )
    see_what_is_kept(summary["kept_aside"], anything=(combination.host, combination.mode) != ("new", "empty"))
    see_that_it_works()
    newest = labels()[-1]
    assert newest > moment.backup, f"no full backup was taken afterwards: {newest} is the newest"
    return summary


def compare(moment: Moment, summary: dict[str, Any]) -> None:
    """See that exactly a moment came back, and that report and record say so."""
    same("rows", rows(), moment.rows)
    same("content", content(), moment.content)
    same("backup", summary["backup"], moment.backup)
    same("seconds of commits that are lost", float(summary.get("rpo_seconds", "nan")), 0.0)
    assert summary["last_commit"], "last commit: the report does not know it"
    last = datetime.fromisoformat(summary["last_commit"])
    assert moment.earliest <= last <= moment.latest, (
        f"last commit: {last}, not from {moment.earliest} to {moment.latest}"
    )
    record = last_record()
    same("record", (record["verb"], record["outcome"]), ("restore", "success"))
    for name in ("backup", "last_commit", "replayed_to", "timeline", "target"):
        same(f"{name} in the record", str(record["figures"][name]), str(summary[name]))


def same(what: str, found: object, wanted: object) -> None:
    """See that something is as it must be; a message of its own, since not only pytest asks."""
    assert found == wanted, f"{what}: {found}, not {wanted}"


def timeline() -> int:
    """Return the timeline that the server writes."""
    return int(sql("SELECT pg_walfile_name(pg_current_wal_lsn())")[:8], 16)


def see_what_is_kept(folder: str, *, anything: bool) -> None:
    """See that the old data lies beside the new, that of the tablespace too; or that there was none."""
    if not anything:
        same("kept aside", folder, "")
        return
    assert at("db1").file(f"{folder}/PG_VERSION").exists, f"no old data is kept in {folder!r}"
    stamp = folder.rpartition(KEPT)[2]
    kept = at("db1").run(f"ls -d {PLACE}/PG_*{KEPT}{stamp}")
    assert kept.rc == 0, f"no old data of the tablespace is kept: {kept.stderr}"


def take_the_place(*, with_disk: bool) -> None:
    """Lose the database's host; a new one takes its place, empty or with the disk of the lost one."""
    with tempfile.TemporaryFile() as disk:
        if with_disk:
            at("db1").check_output("systemctl stop 'postgresql@*' && echo done")
            subprocess.run(reach("db1", PACK), stdin=subprocess.DEVNULL, stdout=disk, check=True)
        lab("lose", "db1")
        lab("up", "db1")
        if with_disk:
            disk.seek(0)
            subprocess.run(reach("db1", UNPACK), stdin=disk, check=True)
