"""The way to the database: connection string without the password, and a password file that others cannot read."""

from __future__ import annotations

import os
import pwd
from contextlib import suppress
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.database_access import DatabaseAccess, passing_password
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError

ME = pwd.getpwuid(os.getuid()).pw_name


WORD = "geheim"


def access(host: str = "192.0.2.1", password: str = WORD) -> DatabaseAccess:
    return DatabaseAccess(host, 5432, "trauma", "trauma_app", password)


def test_the_server_must_prove_itself_and_the_password_stays_out() -> None:
    text = access().conninfo()
    assert text == (
        "host=192.0.2.1 port=5432 dbname=trauma user=trauma_app sslmode=verify-full sslrootcert=/etc/traumalink/tls/ca.crt"
    )
    assert "geheim" not in text + repr(access())


def test_of_several_hosts_the_writable_one_is_taken() -> None:
    both = access("192.0.2.1, 192.0.2.2")
    assert "host=192.0.2.1,192.0.2.2 port=5432,5432 " in both.conninfo()
    assert both.conninfo().endswith("target_session_attrs=read-write")
    assert both.pgpass() == "192.0.2.1:5432:trauma:trauma_app:geheim\n192.0.2.2:5432:trauma:trauma_app:geheim\n"


def test_odd_characters_are_quoted() -> None:
    odd = DatabaseAccess("h", 1, "it's a \\ base", "u", "a:b\\c d'")
    assert "dbname='it\\'s a \\\\ base'" in odd.conninfo()
    assert odd.pgpass() == "h:1:it's a \\\\ base:u:a\\:b\\\\c d'\n"


@pytest.mark.parametrize("password", ["", "two\nlines"])
def test_a_password_that_no_file_can_carry_is_refused_without_saying_it(password: str) -> None:
    with pytest.raises(OpsError, match="password of trauma_app is empty or holds a line break") as caught:
        access(password=password).pgpass()
    assert "two" not in str(caught.value)


def test_the_password_file_is_for_one_user_and_gone_afterwards(tmp_path: Path) -> None:
    runtime = tmp_path / "run"
    with passing_password(access(), ME, runtime) as path:
        assert path.read_text() == access().pgpass()
        assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert list(runtime.iterdir()) == []


def test_it_is_gone_after_an_error_too_and_what_a_killed_run_left_goes_with_the_next(tmp_path: Path) -> None:
    leftover = tmp_path / f"pgpass-{ME}-killed"
    leftover.mkdir()
    (leftover / "pgpass").write_text("old")
    with suppress(RuntimeError), passing_password(access(), ME, tmp_path):
        assert not leftover.exists()
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_missing_user_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(OpsError, match="system user nobody-at-all does not exist"),
        passing_password(access(), "nobody-at-all", tmp_path),
    ):
        pass
