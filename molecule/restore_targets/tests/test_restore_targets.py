"""To a restore point, a time, a position, a transaction; up to a gap; along a timeline that was left: exactly the rows of that moment come back."""

import json
import os
import re
import subprocess
from datetime import datetime

import pytest
from flows import ROOT, at, play, sql
from restore_combinations import Combination, covers
from restore_story import labels, restore, tell
from restore_trial import DATA, try_out
from strange_database import PLACE, content, rows

# Without the hosts of the application, as where they are lost too: that costs less, and scenario restore has them.
DATABASE_ALONE = ("--limit", "db:ops")


@pytest.fixture(scope="module")
def story():
    """Give six rows, each in a segment of its own with a restore point behind it, after a full backup with a strange database."""
    return tell()


def archived(segment):
    """Give the file of a segment in the repository."""
    return at("ops1").check_output(f"ls /var/lib/pgbackrest/archive/lab/*/*/{segment}-*").strip()


@pytest.fixture
def gap(story):
    """Take the fifth row's segment out of the repository, for a test."""
    file = archived(story.steps[4].segment)
    at("ops1").check_output(f"mv {file} /var/lib/pgbackrest/away && echo done")
    yield story.steps[4].segment
    at("ops1").check_output(f"mv /var/lib/pgbackrest/away {file} && echo done")


def fingerprint():
    """Give what must not change when a restore is refused."""
    return sql("SELECT pg_postmaster_start_time()"), at("db1").check_output(f"ls {DATA}/* {PLACE}")


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ({"restore_target_time": "2026-11-29 03:15:00"}, "has no time zone, so it may be any of 24 hours"),
        (
            {"restore_target_name": "{twice}"},
            'restore point "{twice}" can mean 3 things; choose by restore_target_lsn instead',
        ),
    ],
)
def test_a_target_without_one_meaning_is_refused_with_the_possible_range(story, wanted, why):
    before = fingerprint()
    run, _summary = restore(*DATABASE_ALONE, **{name: text.format(twice=story.twice) for name, text in wanted.items()})
    assert run.status != 0
    assert run.says(why.format(twice=story.twice)), run.output[-3000:]
    assert run.says("Possible is any time from ")
    assert run.says("Nothing was changed")
    assert run.changed == {}
    assert fingerprint() == before


def test_a_missing_segment_on_the_way_is_refused_with_the_time_at_stake(story, gap):
    before = fingerprint()
    run, _summary = restore(*DATABASE_ALONE)
    assert run.status != 0
    assert run.says(f"WAL segment {gap} is missing in the repository: what was committed after "), run.output[-3000:]
    assert run.changed == {}
    assert fingerprint() == before


@covers("name", "same", "empty")
def test_a_restore_point_brings_back_what_was_there_and_keeps_the_data_aside(story):
    run, summary = restore(restore_target_name=story.steps[2].point, restore_set=story.backup)
    assert run.succeeded, run.output[-3000:]
    assert rows() == [1, 2, 3]
    assert content() == story.content
    assert summary["backup"] == story.backup
    assert int(summary["timeline"]) == story.timeline + 1
    assert float(summary["rpo_seconds"]) == 0
    moment = story.moment("name", 3)
    assert moment.earliest <= datetime.fromisoformat(summary["last_commit"]) <= moment.latest
    assert run.says("Is lost: every later commit; the archive holds them up to")
    kept = summary["kept_aside"]
    assert at("db1").file(f"{kept}/PG_VERSION").exists
    assert at("db1").check_output(f"ls -d {PLACE}/PG_*.before-restore-*")
    assert labels()[-1] > story.backup, "a fresh full backup"


@covers("time", "same", "empty")
def test_a_restore_that_was_killed_is_not_mixed_with_another(story):
    argv = ["ansible-playbook", "traumalink.ops.restore", *DATABASE_ALONE, "-e"]
    wanted = {
        "restore_confirm": "lab",
        "restore_target_xid": story.steps[1].xid,
        "restore_timeline": str(story.timeline),
    }
    with subprocess.Popen(
        [*argv, json.dumps(wanted)], stdout=subprocess.PIPE, text=True, env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    ) as run:  # fmt: skip
        assert run.stdout is not None
        for line in run.stdout:
            if "Bring it back" in line:
                # Once its first file is there: from then on it is data of another moment.
                laid = f"ls {DATA}/*/main/backup.manifest"
                at("db1").run(
                    f"for _ in $(seq 900); do {laid} && pkill -9 -f 'pgbackrest.*[r]estore' && break; sleep 0.02; done"
                )
                run.kill()
                break
    # On the timeline that the first restore has left: its rows are there still.
    again, summary = restore(
        *DATABASE_ALONE, restore_target_time=story.steps[3].at, restore_timeline=str(story.timeline)
    )
    assert again.succeeded, again.output[-3000:]
    assert rows() == [1, 2, 3, 4]
    assert content() == story.content
    assert summary["backup"] == story.backup
    assert summary["kept_aside"], "what the first one had laid down"


@covers("end", "same", "delta")
def test_up_to_a_gap_and_no_further_once_the_loss_is_repeated(story, gap):
    refused, _summary = restore(*DATABASE_ALONE, restore_timeline=str(story.timeline))
    (words,) = {
        found.replace("''", "'") for found in re.findall(r'restore_accept_loss\\?": \\?"([^"\\]+)', refused.output)
    }
    assert words.startswith("lose every commit after ")
    accepted = {"restore_timeline": str(story.timeline), "restore_accept_loss": words, "restore_delta": True}
    run, summary = restore(*DATABASE_ALONE, **accepted)
    assert run.succeeded, run.output[-3000:]
    assert rows() == [1, 2, 3, 4]
    assert content() == story.content
    assert float(summary["rpo_seconds"]) > 0
    assert at("db1").file(f"{summary['kept_aside']}/PG_VERSION").exists, "in place, and a copy of the old data is kept"
    assert summary["wal_max"] < gap == story.steps[4].segment


@pytest.mark.parametrize(
    ("combination", "number"),
    [
        (Combination("lsn", "same", "delta"), 5),
        (Combination("xid", "same", "delta"), 1),
        (Combination("xid", "new", "empty"), 3),
        (Combination("name", "new", "delta"), 6),
        (Combination("time", "new", "delta"), 2),
    ],
    ids=str,
)
def test_exactly_the_moment_comes_back_that_was_asked_for(story, combination, number):
    try_out(combination, story, number, *DATABASE_ALONE)


def test_the_site_serves_as_deployed_after_restores_to_targets(story):
    run = play("site")
    assert run.succeeded, run.output
    assert run.changed == {}
