# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Working as a system user: the process that touches the user's files gives root up for good before it does."""

from __future__ import annotations

import json
import os
import pwd
import traceback
from collections.abc import Callable
from typing import Any

from .errors import CodedError, OpsError, code_of

__all__ = ["NO_USER", "as_user"]

NO_USER = "no_user"  # the code of that error

Work = Callable[[], dict[str, Any]]


def as_user(user: str, work: Work, *, may_be_missing: bool = False) -> dict[str, Any]:
    """Return what `work` (plain JSON data) returns when it runs as `user`.

    Root does it in a child process: the parent stays root, since Ansible still has root's files to tidy. Whatever `work` imports must be
    imported before, since the child cannot read root's files. With `may_be_missing` (check mode, where there is nothing of a user that does
    not exist) the work is done as it is.

    Raises:
        OpsError: the user does not exist (`NO_USER`), this process may not become that user, or what `work` raised, with its code.
    """
    try:
        account = pwd.getpwnam(user)
    except KeyError:
        if may_be_missing:
            return work()
        raise CodedError(
            f"The system user {user} does not exist on this host; deploy it with traumalink.ops.site.", NO_USER
        ) from None
    if os.geteuid() == account.pw_uid:
        return work()
    if os.geteuid() != 0:
        raise OpsError(f"Only root and {user} may do this; use become.")
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _answer(account, work, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        text = stream.read()
    _, status = os.waitpid(child, 0)
    if os.waitstatus_to_exitcode(status) != 0 or not text:
        raise OpsError(
            f"The process of the system user {user} ended with status {os.waitstatus_to_exitcode(status)} and without an answer."
        )
    answer: dict[str, Any] = json.loads(text)
    if "error" in answer:
        raise CodedError(answer["error"], answer.get("code", ""))
    result: dict[str, Any] = answer["result"]
    return result


def _answer(account: pwd.struct_passwd, work: Work, writer: int) -> None:
    """Become the user, work, write the answer, and end; never return into the parent's program."""
    status = 1
    try:
        try:
            os.initgroups(account.pw_name, account.pw_gid)
            os.setresgid(account.pw_gid, account.pw_gid, account.pw_gid)
            os.setresuid(account.pw_uid, account.pw_uid, account.pw_uid)
            os.umask(0o077)
            os.chdir("/")
            answer: dict[str, Any] = {"result": work()}
        except OpsError as error:
            answer = {"error": str(error), "code": code_of(error)}
        except BaseException:
            answer = {"error": traceback.format_exc()}
        with os.fdopen(writer, "wb") as stream:
            stream.write(json.dumps(answer).encode("utf-8"))
        status = 0
    finally:
        os._exit(status)
