"""What the engine is told to bring back, and when two restores are the same one."""

from __future__ import annotations

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.restore_job import RestoreJob
from restore_host_samples import JOB, LABEL, OTHERS

PROMOTE = "--target-action=promote"
AT = "2026-11-23 03:00:00+00"


@pytest.mark.parametrize(
    ("job", "options"),
    [
        (RestoreJob(LABEL), [f"--set={LABEL}", "--type=default"]),
        (RestoreJob(LABEL, timeline=2), [f"--set={LABEL}", "--type=default", "--target-timeline=2"]),
        (RestoreJob(LABEL, "time", AT, 1), [f"--set={LABEL}", "--type=time", f"--target={AT}", PROMOTE, "--target-timeline=1"]),
        (RestoreJob(LABEL, "name", "it''s"), [f"--set={LABEL}", "--type=name", "--target=it''s", PROMOTE]),
        (RestoreJob(LABEL, "lsn", "0/5000028"), [f"--set={LABEL}", "--type=lsn", "--target=0/5000028", PROMOTE]),
        (RestoreJob(LABEL, "xid", "4711", 3), [f"--set={LABEL}", "--type=xid", "--target=4711", PROMOTE, "--target-timeline=3"]),
    ],
)  # fmt: skip
def test_tells_the_engine_the_target_and_promotes_there(job: RestoreJob, options: list[str]) -> None:
    assert job.options == options
    assert job.line == " ".join(options)


def test_restores_that_differ_in_anything_have_lines_that_differ() -> None:
    assert RestoreJob(LABEL, timeline=1).line == JOB.line
    assert len({job.line for job in [JOB, *OTHERS]}) == 1 + len(OTHERS)
