"""What somebody sets for roles and databases decides nothing of a backup: time-outs, search paths, read-only sessions."""

import pytest
from faults import carried_out, info, proof
from flows import at

SETTINGS = {
    "statement_timeout": "1ms",
    "lock_timeout": "1ms",
    "idle_session_timeout": "1ms",
    "idle_in_transaction_session_timeout": "1ms",
    "default_transaction_read_only": "on",
    "search_path": "nowhere",
}


def as_postgres(statements):
    """Run statements in a session for which nothing that was set holds."""
    options = "-c statement_timeout=0 -c lock_timeout=0 -c idle_session_timeout=0 -c default_transaction_read_only=off -c search_path=public"
    done = at("db1").run(
        "PGOPTIONS=%s runuser -u postgres -- psql -X -v ON_ERROR_STOP=1 -d postgres -c %s",
        options,
        "; ".join(statements),
    )
    assert done.rc == 0, done.stderr


@pytest.fixture
def strange_settings():
    """Set them for our role, for the engine's, and in the database that both come in by."""
    places = ["ROLE postgres", "ROLE traumalink_backup", "DATABASE postgres"]
    as_postgres([f"ALTER {place} SET {name} = '{value}'" for place in places for name, value in SETTINGS.items()])
    yield
    as_postgres([f"ALTER {place} RESET {name}" for place in places for name in SETTINGS])


def test_a_backup_is_taken_and_its_content_is_summed_all_the_same(strange_settings):
    run = carried_out("backup", "-e", "backup_type=incr")
    assert run.succeeded, run.output[-3000:]
    kept = proof(info()["backup"][-1]["label"])
    assert {content["database"] for content in kept["content"]} >= {"postgres", "trauma"}
    assert not any(content["left_out"] for content in kept["content"])
