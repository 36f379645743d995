"""Loading what comes back: into a new database that has its name only when it is whole, and nothing stays of what is not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.command import Completed
from ansible_collections.traumalink.ops.plugins.module_utils.copy_source import SourceError
from ansible_collections.traumalink.ops.plugins.module_utils.database_load import (
    LEFT,
    LoadError,
    Loading,
    creation,
    default_name,
    errors_in,
)
from ansible_collections.traumalink.ops.plugins.module_utils.handover import HandoverError
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_server import Server

HALF = "traumalink_restoring_run1"
LIKE = {
    "encoding": "UTF8",
    "collate": "C.UTF-8",
    "ctype": "C.UTF-8",
    "provider": "c",
    "locale": None,
    "bytes": 10 * 1024**3,
}
CONTENT = {"database": "trauma", "lsn": "0/0", "tables": {'public."C"': {"rows": 2, "sum": "11"}}, "sequences": {}}
GIB = 1024**3


class Ops:
    """The host that gives, as the taker sees it."""

    def __init__(self, parts: int = 1) -> None:
        self.words: list[Any] = [
            {"like": LIKE, "parts": ["the database"] * parts, "words": "B1, the end"},
            {"content": CONTENT, "large_objects": 3},
        ]
        self.told: list[dict[str, Any]] = []
        self.bytes = 7
        self.breaks = False

    def hear(self) -> Any:
        return self.words.pop(0)

    def say(self, words: dict[str, Any]) -> None:
        self.told.append(words)

    def pieces(self) -> Iterator[bytes]:
        yield b"dump"
        if self.breaks:
            raise HandoverError("ops1 ended before its time")


class Host:
    """The database's host: its databases, and what its programs say."""

    def __init__(self, runner: Any) -> None:
        self.ops, self.runner, self.fed = Ops(), runner, b""
        self.free = 100 * GIB
        runner.on("psql").on("SELECT pg_is_in_recovery()", out="f\n")
        self.holds("postgres", "trauma")
        runner.on("SELECT count(*) FROM pg_largeobject_metadata", out="3\n").on("psql", HALF, "-c", out="2\x1f11\n")
        runner.on("SELECT count(*) FROM pg_largeobject_metadata", out="3\n")
        runner.on(LEFT)
        runner.on("pg_restore")
        self.errors, self.status = "", 0

    def holds(self, *names: str) -> None:
        self.runner.on("SELECT datname FROM pg_database ORDER BY 1", out="\n".join(names) + "\n")

    def loading(self, into: str = "copy") -> Loading:
        @contextmanager
        def taking() -> Iterator[Any]:
            yield self.ops

        def feed(pieces: Iterator[bytes]) -> Any:
            def run(argv: list[str], **options: Any) -> Any:
                self.fed += b"".join(pieces)
                self.runner.calls.append(list(argv))
                assert options["user"] == "postgres"
                return Completed(tuple(argv), self.status, "", self.errors)

            return run

        return Loading(
            Server(self.runner),
            self.runner,
            "15",
            Path("/data"),
            taking,
            into,
            "run1",
            free=lambda _path: self.free,
            feed=feed,
        )

    def statements(self) -> list[str]:
        """Return all that was asked of the server, in order."""
        return [
            argv[index + 1] for argv in self.runner.asked("psql") for index, word in enumerate(argv) if word == "-c"
        ]

    def changed(self) -> list[str]:
        return [text for text in self.statements() if not text.split()[0].startswith(("SELECT", "SET"))]


@pytest.fixture
def host(runner: Any) -> Host:
    return Host(runner)


def test_it_gets_its_name_when_it_is_whole(host: Host) -> None:
    loaded = host.loading('co"py').run()
    assert host.fed == b"dump"
    assert loaded == {"into": 'co"py', "notes": "", "bytes": 7}
    assert host.ops.told == [{"ok": True}, {"ok": True, "notes": ""}]
    created, _comment, revoked, named = host.changed()
    assert created.startswith(f'CREATE DATABASE "{HALF}" TEMPLATE template0')
    assert revoked == f'REVOKE ALL ON DATABASE "{HALF}" FROM PUBLIC'
    assert f'ALTER DATABASE "{HALF}" RENAME TO "co""py"' in named
    assert "GRANT" not in " ".join(host.statements())


@pytest.mark.parametrize(
    ("into", "said"),
    [
        ("trauma", "there is a database 'trauma' already, and nothing is written over"),
        ("x" * 64, "longer than 63 bytes"),
        ("a\nb", "line break"),
        ("", "empty"),
        ("traumalink_restoring_x", "kept for what is not whole"),
    ],
)
def test_a_name_that_cannot_be_is_refused_before_anything(host: Host, into: str, said: str) -> None:
    with pytest.raises((LoadError, SourceError), match=said):
        host.loading(into).run()
    assert host.changed() == []
    assert host.ops.told == []


def test_a_server_that_takes_no_writes_is_refused(host: Host) -> None:
    host.runner.on("SELECT pg_is_in_recovery()", out="t\n")
    with pytest.raises(LoadError, match="takes no writes"):
        host.loading().look()


def test_without_room_nothing_is_created(host: Host) -> None:
    host.free = 11 * GIB
    with pytest.raises(
        LoadError,
        match=r"has 11\.0 GiB free, and this needs 12\.0 GiB beside the database that serves; free 1\.0 GiB more",
    ):
        host.loading().run()
    assert [text for text in host.changed() if "CREATE" in text] == []


@pytest.mark.parametrize("fault", ["breaks", "sum", "objects", "error", "status"])
def test_what_is_not_whole_is_removed_and_never_named(host: Host, fault: str) -> None:
    host.runner.on(LEFT, out=["", f"{HALF}\n"])
    if fault == "breaks":
        host.ops.breaks = True
    elif fault == "sum":
        host.runner.on("psql", HALF, "-c", out="2\x1f12\n").on(
            "SELECT count(*) FROM pg_largeobject_metadata", out="3\n"
        )
    elif fault == "objects":
        host.runner.on("SELECT count(*) FROM pg_largeobject_metadata", out="2\n")
    else:
        host.status = 1
        host.errors = "pg_restore: error: could not execute query: ERROR:  extension is not available\n" * (
            fault == "error"
        )
    with pytest.raises((LoadError, HandoverError)):
        host.loading().run()
    assert host.changed()[-1] == f'DROP DATABASE "{HALF}" WITH (FORCE)'
    assert not any("RENAME" in text for text in host.changed())
    assert {"ok": True, "notes": ""} not in host.ops.told


def test_roles_that_are_gone_are_told_and_are_no_fault(host: Host) -> None:
    host.status = 1
    host.errors = (
        'pg_restore: error: could not execute query: ERROR:  role "old owner" does not exist\nCommand was: ALTER TABLE x OWNER TO "old owner";\n'
        "pg_restore: warning: errors ignored on restore: 1\n"
    )
    assert "old owner" in host.loading().run()["notes"]


def test_no_patient_stands_in_an_error() -> None:
    said = (
        'pg_restore: error: COPY failed for table "case": ERROR:  invalid input syntax for type integer: "Zhang San"\n'
        "DETAIL: Zhang San\nCONTEXT:  COPY case, line 3, column id: Zhang San\n"
    )
    errors, roles = errors_in(said)
    assert errors == ["invalid input syntax for type integer"]
    assert roles == []


@pytest.mark.parametrize(
    ("provider", "locale", "words"),
    [
        ("c", None, "LOCALE_PROVIDER libc"),
        ("i", "zh-u-co-pinyin", "LOCALE_PROVIDER icu ICU_LOCALE 'zh-u-co-pinyin'"),
        ("b", "C.UTF-8", "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"),
    ],
)
def test_the_new_database_sorts_as_the_old_one(provider: str, locale: str | None, words: str) -> None:
    made = creation("x", {**LIKE, "provider": provider, "locale": locale})
    assert made.endswith(words)
    assert "ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'" in made


@pytest.mark.parametrize("database", ["trauma", "创伤" * 20, "x" * 63])
def test_a_name_of_our_own_fits(database: str) -> None:
    name = default_name(database, datetime(2026, 11, 29, 1, 2, 3, tzinfo=UTC))
    assert name.endswith("_restored_20261129T010203Z")
    assert len(name.encode()) <= 63
    assert database.startswith(name.removesuffix("_restored_20261129T010203Z"))
