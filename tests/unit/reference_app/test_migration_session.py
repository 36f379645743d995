"""How long a migration waits for others, and when it gives up."""

import pytest


class Time:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.now, self.slept = 100.0, []

    def clock(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


class DatabaseError(Exception):
    def __init__(self, pgcode):
        super().__init__(f"SQLSTATE {pgcode}")
        self.pgcode = pgcode


class WrappedError(Exception):
    """As SQLAlchemy wraps what the driver raised."""

    def __init__(self, orig):
        super().__init__("wrapped")
        self.orig = orig


class Cursor:
    """Answers whether the lock was to be had."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def execute(self, statement, values):
        self.asked.append((statement, values))

    def fetchone(self):
        return (self.answers.pop(0) if len(self.answers) > 1 else self.answers[0],)


@pytest.fixture
def session(code_of):
    """Give 1.1.0's migration session."""
    return code_of("1.1.0", "trauma.migration_session")


@pytest.fixture
def time():
    """Give a clock."""
    return Time()


def failing(times, error):
    """An action that fails so many times and then says how often it was done."""
    calls = []

    def action():
        calls.append(1)
        if len(calls) <= times:
            raise error
        return len(calls)

    return action


@pytest.mark.parametrize(
    ("environment", "timeout", "patience"),
    [
        ({}, 0.1, 30.0),
        ({"MIGRATION_LOCK_TIMEOUT_SECONDS": "5"}, 0.1, 30.0),  # that is the most, not what it should be
        ({"MIGRATION_LOCK_TIMEOUT_SECONDS": "0.05", "MIGRATION_PATIENCE_SECONDS": "0"}, 0.05, 0.0),
    ],
)
def test_the_environment_says_how_long_to_wait(session, environment, timeout, patience):
    assert session.from_environment(environment) == session.Waiting(timeout, patience)


@pytest.mark.parametrize("value", ["0", "-1", "soon", "nan", "inf"])
def test_a_lock_timeout_that_would_be_for_ever_is_refused(session, value):
    with pytest.raises(Exception, match=r"MIGRATION_LOCK_TIMEOUT_SECONDS is .*such as 0\.3"):
        session.from_environment({"MIGRATION_LOCK_TIMEOUT_SECONDS": value})


def test_a_wait_is_never_rounded_to_for_ever(session):
    assert [session.milliseconds(seconds) for seconds in (0.0001, 0.3, 5)] == ["1ms", "300ms", "5000ms"]


@pytest.mark.parametrize(
    "error", [DatabaseError("55P03"), WrappedError(DatabaseError("55P03")), DatabaseError("40P01")]
)
def test_a_lock_in_the_way_is_waited_out(session, time, error):
    assert session.persisting(failing(3, error), 30, time.clock, time.sleep) == 4
    assert time.slept == [session.PAUSE_SECONDS] * 3


def test_patience_ends_and_says_what_to_do(session, time):
    with pytest.raises(
        session.WaitedTooLongError,
        match=r"in 5 s \(26 attempts, SQLSTATE 55P03\): find the transaction .* run this migration again",
    ):
        session.persisting(failing(99, DatabaseError("55P03")), 5, time.clock, time.sleep)


def test_without_patience_there_is_one_attempt(session, time):
    with pytest.raises(session.WaitedTooLongError, match="1 attempts, SQLSTATE 55P03"):
        session.persisting(failing(1, DatabaseError("55P03")), 0, time.clock, time.sleep)
    assert time.slept == []


@pytest.mark.parametrize("error", [DatabaseError("42P07"), WrappedError(DatabaseError("P0001")), ValueError("x")])
def test_whatever_else_goes_wrong_is_not_tried_again(session, time, error):
    with pytest.raises(type(error)):
        session.persisting(failing(1, error), 30, time.clock, time.sleep)
    assert time.slept == []


def test_a_second_run_takes_its_turn_by_asking_again(session, time):
    cursor = Cursor(False, False, True)
    session.take_turn(cursor, 30, time.clock, time.sleep)
    assert cursor.asked == [("SELECT pg_try_advisory_lock(%s)", (session.MIGRATION_LOCK,))] * 3


def test_a_second_run_gives_up_when_the_first_does_not_end(session, time):
    with pytest.raises(session.WaitedTooLongError, match="another migration still runs after 3 s"):
        session.take_turn(Cursor(False), 3, time.clock, time.sleep)


def test_runs_of_1_0_0_take_the_same_turns(session, assembled):
    assert f"MIGRATION_LOCK = {session.MIGRATION_LOCK:_}\n" in (assembled("1.0.0") / "migrations/env.py").read_text()
