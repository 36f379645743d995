"""Finalize waits for its day, takes away what only the version before needed, and ends the way back."""

import pytest
from flows import play
from operations import chain_is_whole, last_record
from upgrades import APPS, migrated, prove, reach, serves, standing, words


@pytest.fixture(scope="module", autouse=True)
def final_version_runs():
    """Have the version run that has something to finalize."""
    prove()
    if standing(APPS[0]).version != "2.0.0":
        reach("1.1.0")
        reach("2.0.0")
    assert migrated() == "0002", "a contract migration is no part of an upgrade"
    yield
    chain_is_whole()


def finalize(**given):
    """Run the verb with an approval of its own."""
    return play("finalize", *words("2.0.0", "finalize", **given))


def test_it_waits_so_that_going_back_stays_possible():
    run = finalize()
    assert run.status != 0
    assert run.says("going back stays possible for 7 days"), run.output[-3000:]
    assert run.changed == {}
    assert last_record()["outcome"] == "refused"


def test_it_needs_an_approval_of_its_own():
    run = play("finalize", *words("2.0.0", "finalize", operation_approval="", finalize_after_days=0))
    assert run.says("finalize needs the hospital's approval"), run.output[-3000:]
    assert run.changed == {}


def test_it_takes_away_what_is_old_and_ends_the_way_back():
    done = finalize(finalize_after_days=0)
    assert done.succeeded, done.output[-4000:]
    assert migrated() == "0004"
    assert last_record()["figures"]["migrations"] == "0004"
    serves("2.0.0")
    back = play("rollback")
    assert back.status != 0
    assert back.says("From 2.0.0 there is no way back"), back.output[-3000:]
    assert back.changed == {}
    serves("2.0.0")
