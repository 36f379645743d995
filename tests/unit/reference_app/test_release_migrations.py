"""What the migrations of the later releases ask of the database, and in which order: no database is needed here."""

import re

import pytest
import yaml
from migration_run import history
from reference_release import versions


class Database:
    """Answers the questions of migration 0002, and notes the settings that were changed and what ran outside a transaction."""

    def __init__(self, has_column=False, old_view=True, index=None):
        self.answers = {
            "attname": has_column,
            "pg_get_viewdef": old_view,
            "indisvalid": index,
            "SHOW lock_timeout": "300ms",
        }
        self.ran = []

    def __call__(self, statement, transactional):
        self.ran.append((words(statement), transactional))
        return next((answer for word, answer in self.answers.items() if word in statement), None)


def words(statement):
    return " ".join(statement.split())


def changes(statements):
    """The statements without the point where a rehearsal may fail, in short."""
    return [
        re.match(r"(?:CREATE OR REPLACE VIEW|\w+ \w+(?: CONCURRENTLY)?) \S+", words(text)).group()
        for text, _transactional in statements
        if not text.startswith("DO ")
    ]


COLUMN, VIEW = "ALTER TABLE trauma.trauma_case", "CREATE OR REPLACE VIEW report.case_figures"
INDEX, DROP_INDEX = (
    "CREATE INDEX CONCURRENTLY trauma_case_emergency_station",
    "DROP INDEX CONCURRENTLY trauma.trauma_case_emergency_station",
)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (Database(), [COLUMN, VIEW, INDEX]),
        (Database(has_column=True), [VIEW, INDEX]),
        (Database(has_column=True, old_view=False), [INDEX]),
        (Database(has_column=True, old_view=False, index=False), [DROP_INDEX, INDEX]),
        (Database(has_column=True, old_view=False, index=True), []),
    ],
    ids=["fresh", "column there", "view there", "invalid index", "all there"],
)
def test_the_expand_migration_does_what_is_missing_and_never_in_a_transaction(carry_out, found, expected):
    statements = carry_out("1.1.0", "0002", found)
    assert changes(statements) == expected
    assert not any(transactional for _statement, transactional in found.ran)


def test_the_new_column_may_be_empty_so_that_1_0_0_goes_on_and_no_row_is_written(carry_out):
    statements = [words(text) for text, _transactional in carry_out("1.1.0", "0002", Database())]
    assert statements[0] == "ALTER TABLE trauma.trauma_case ADD COLUMN emergency_station text"
    assert not any(text.startswith("UPDATE") for text in statements)


def test_only_what_nobody_waits_behind_waits_longer_for_its_lock(carry_out, monkeypatch):
    monkeypatch.setenv("MIGRATION_PATIENCE_SECONDS", "45")
    database = Database(has_column=True, old_view=False, index=False)
    carry_out("1.1.0", "0002", database)
    ran = [statement for statement, _transactional in database.ran]
    longer, again = ran.index("SET lock_timeout = '45000ms'"), ran.index("SET lock_timeout = '300ms'")
    assert [text for text in ran[longer + 1 : again] if "CONCURRENTLY" in text] == [
        text for text in ran if "CONCURRENTLY" in text
    ]
    assert len(ran) == again + 1


def test_patience_that_is_short_does_not_shorten_the_wait_of_an_index(carry_out, monkeypatch):
    monkeypatch.setenv("MIGRATION_PATIENCE_SECONDS", "0")
    database = Database()
    carry_out("1.1.0", "0002", database)
    assert ("SET lock_timeout = '30000ms'", False) in database.ran


@pytest.mark.parametrize(("version", "revision"), [("1.3.0", "0003"), ("2.0.0", "0004"), ("1.1.3", "0003")])
def test_breaking_contract_and_broken_migrations_happen_whole_or_not_at_all(carry_out, version, revision):
    ran = []
    statements = carry_out(version, revision, lambda statement, transactional: ran.append(transactional))
    assert len(statements) >= 2
    assert ran == [True]


def test_names_are_compared_before_the_old_column_goes(carry_out):
    statements = [words(text) for text, _transactional in carry_out("1.3.0", "0003", lambda *_: None)]
    compared = next(place for place, text in enumerate(statements) if "IS DISTINCT FROM patient_name" in text)
    dropped = next(place for place, text in enumerate(statements) if "DROP COLUMN patient_name" in text)
    assert compared < dropped == len(statements) - 1


def test_the_contract_migration_drops_what_2_0_0_does_not_use(carry_out, code_of):
    statements = [words(text) for text, _transactional in carry_out("2.0.0", "0004", lambda *_: None)]
    assert statements[-1] == "ALTER TABLE trauma.outcome DROP COLUMN length_of_stay_days"
    assert "length_of_stay_days" in code_of("1.1.0", "trauma.case_rows").TABLES["outcome"]
    assert "length_of_stay_days" not in code_of("2.0.0", "trauma.case_rows").TABLES["outcome"]


@pytest.mark.parametrize(("version", "revision"), [("1.1.0", "0002"), ("1.3.0", "0003"), ("2.0.0", "0004")])
def test_a_rehearsal_may_fail_each_migration_after_its_first_change_or_before_its_only_one(
    carry_out, version, revision
):
    statements = carry_out(version, revision, Database())
    places = [place for place, (text, _transactional) in enumerate(statements) if f"= '{revision}' THEN" in text]
    assert places == [{"0002": 1, "0003": 2, "0004": 0}[revision]]
    assert len(statements) > places[0] + 1


@pytest.mark.parametrize("version", versions())
def test_the_history_of_each_release_is_one_line_in_the_order_of_its_manifest(version, assembled):
    manifest = yaml.safe_load((assembled(version) / "release.yml").read_text(encoding="utf-8"))
    line = [migration["id"] for migration in manifest["migrations"]]
    assert line == sorted(line)
    assert history(assembled(version)) == dict(zip(line, [None, *line], strict=False))


@pytest.mark.parametrize(
    ("version", "current", "applied"),
    [
        ("1.1.0", None, []),
        ("1.1.0", "0001", ["0001"]),
        ("1.0.0", "0002", ["0001"]),
        ("1.3.0", "0002", ["0001", "0002"]),
        ("1.3.0", "0003", ["0001", "0002", "0003"]),
        ("2.0.0", "0002", ["0001", "0002"]),
        # 1.3.0's line: 2.0.0 does not come from there, and says so rather than take it for its own.
        ("2.0.0", "0003", ["0001", "0002"]),
        ("2.0.0", "0004", ["0001", "0002", "0004"]),
    ],
)
def test_a_database_is_asked_whether_it_has_a_migration_behind_it(version, current, applied, assembled, code_of):
    migrate = code_of(version, "trauma.migrate")
    assert [revision for revision in history(assembled(version)) if migrate.is_applied(current, revision)] == applied


@pytest.mark.parametrize(("first", "other"), [("1.3.0", "2.0.0"), ("2.0.0", "1.3.0")])
def test_the_two_lines_that_leave_1_1_0_do_not_meet(first, other, assembled):
    assert max(history(assembled(first))) not in history(assembled(other))
