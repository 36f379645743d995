"""Who is killed leaves nothing that holds up the next: the controller, or the work itself. All phases, at random moments: `make soak`."""

import pytest
from faults import ENGINE, SCRATCH, await_on, begun, carried_out, commit, kill_work, nothing_is_left
from operations import entries, kill, last_record

PHASES = {"backup": ENGINE, "drill": f"[ -e {SCRATCH}/data/base ]"}


@pytest.fixture(autouse=True)
def nothing_stays():
    """See after each flow that nothing is left."""
    yield
    nothing_is_left()


@pytest.mark.parametrize("verb", list(PHASES))
def test_a_controller_that_is_killed_while_the_work_goes_on(verb):
    known = len(entries())
    process = begun(verb)
    await_on("ops1", PHASES[verb])
    kill(process)
    row = commit()
    again = carried_out(verb)
    assert again.succeeded, again.output[-3000:]
    new = [entry["record"] for entry in entries()[known:]]
    assert [record["outcome"] for record in new if record["outcome"]] == ["interrupted", "success"]
    assert {record["verb"] for record in new} == {verb}
    assert row.there


def test_a_backup_whose_engine_is_killed_is_failed_and_the_next_one_counts():
    process = begun("backup", "-e", "backup_type=full")
    await_on("ops1", ENGINE)
    kill_work("ops1")
    output, _ = process.communicate(timeout=300)
    assert process.returncode != 0
    assert "was killed by signal KILL" in " ".join(output.split()), output[-3000:]
    assert last_record()["outcome"] == "failed"
    again = carried_out("backup")
    assert again.succeeded, again.output[-3000:]
    assert last_record()["outcome"] == "success"
