"""Work of root that is done as a system user, for good."""

from __future__ import annotations

import os
import pwd
import signal
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.errors import CodedError, OpsError, code_of
from ansible_collections.traumalink.ops.plugins.module_utils.system_user import as_user

ME = pwd.getpwuid(os.geteuid()).pw_name
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


def identity() -> dict[str, Any]:
    """Tell who works."""
    regain = ""
    try:
        os.setuid(0)
    except PermissionError:
        regain = "refused"
    umask = os.umask(0)
    os.umask(umask)
    return {"users": os.getresuid(), "groups": os.getresgid(), "more": os.getgroups(), "regain": regain, "umask": umask}


@needs_root
def test_root_gives_root_up_for_good_and_stays_root_itself() -> None:
    nobody = pwd.getpwnam("nobody")
    seen = as_user("nobody", identity)
    assert seen["users"] == [nobody.pw_uid] * 3
    assert seen["groups"] == [nobody.pw_gid] * 3
    assert seen["more"] == [nobody.pw_gid]
    assert (seen["regain"], seen["umask"]) == ("refused", 0o077)
    assert os.geteuid() == 0


@needs_root
def test_files_belong_to_the_user(reachable: Path) -> None:
    reachable.chmod(0o777)
    as_user("nobody", lambda: {"written": (reachable / "file").write_text("x")})
    assert (reachable / "file").owner() == "nobody"
    assert (reachable / "file").stat().st_mode & 0o777 == 0o600


@needs_root
def test_errors_come_back_in_words_and_with_their_code() -> None:
    def refuse() -> dict[str, Any]:
        raise CodedError("The ledger refuses.", "full")

    with pytest.raises(OpsError, match=r"^The ledger refuses\.$") as caught:
        as_user("nobody", refuse)
    assert code_of(caught.value) == "full"
    with pytest.raises(OpsError, match="ZeroDivisionError"):
        as_user("nobody", lambda: {"never": 1 / 0})


@needs_root
def test_a_child_that_is_killed_is_told() -> None:
    with pytest.raises(OpsError, match="system user nobody ended with status -9 and without an answer"):
        as_user("nobody", lambda: {"never": os.kill(os.getpid(), signal.SIGKILL)})


def test_the_user_itself_works_in_this_process() -> None:
    assert as_user(ME, lambda: {"process": os.getpid()}) == {"process": os.getpid()}


def test_a_missing_user_is_an_error_except_where_there_can_be_nothing() -> None:
    with pytest.raises(OpsError, match="system user no-such-user does not exist on this host; deploy it with"):
        as_user("no-such-user", dict)
    assert as_user("no-such-user", lambda: {"answer": 1}, may_be_missing=True) == {"answer": 1}


def test_others_are_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(OpsError, match="Only root and nobody may do this; use become"):
        as_user("nobody", dict)
