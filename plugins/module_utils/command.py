# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running commands: a protocol that domain functions take, and the one implementation that starts processes."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .errors import OpsError

__all__ = ["CommandError", "Completed", "NotInstalled", "Runner", "identity_of", "run", "run_checked", "variables_of"]

# Nothing of the caller's environment is inherited: what a command sees is what its caller wrote down.
BASE_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


class CommandError(OpsError):
    """A command could not be started, ran out of time, or ended with another status than zero."""


class NotInstalled(CommandError):  # noqa: N818 - a state of the host that callers may expect, such as check mode's
    """The program, or the system user that is to run it, does not exist on this host."""


@dataclass(frozen=True)
class Completed:
    """What a command left: its exit status and its output as text."""

    argv: tuple[str, ...]
    status: int
    stdout: str
    stderr: str

    @property
    def said(self) -> str:
        """The most telling text: errors, else output, without white space around it."""
        return self.stderr.strip() or self.stdout.strip()


class Runner(Protocol):
    """How domain functions run commands; tests pass a function of the same shape."""

    def __call__(
        self,
        argv: Sequence[str],
        *,
        user: str | None = None,
        environment: Mapping[str, str] | None = None,
        stdin: str | None = None,
        directory: str | None = None,
        timeout_seconds: float | None = None,
    ) -> Completed:
        """Run `argv` (never through a shell) and return what it left, whatever its status."""


def account_of(user: str, program: str) -> pwd.struct_passwd:
    """Return a system user's account; NotInstalled where there is no such user to run the program."""
    try:
        return pwd.getpwnam(user)
    except KeyError:
        raise NotInstalled(f"{program} cannot be run: the system user {user} does not exist") from None


def identity_of(user: str | None, program: str) -> dict[str, Any]:
    """Return what starts a process as `user` with all of that user's groups: options of subprocess.

    Raises:
        NotInstalled: there is no such user.
    """
    if user is None:
        return {}
    account = account_of(user, program)
    if os.geteuid() == account.pw_uid:
        return {}
    groups = os.getgrouplist(user, account.pw_gid)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": groups}


def variables_of(user: str | None) -> dict[str, str]:
    """Return the environment that a command of `user` starts with."""
    if user is None:
        return dict(BASE_ENVIRONMENT)
    return {**BASE_ENVIRONMENT, "HOME": account_of(user, "a command").pw_dir, "USER": user, "LOGNAME": user}


def run(
    argv: Sequence[str],
    *,
    user: str | None = None,
    environment: Mapping[str, str] | None = None,
    stdin: str | None = None,
    directory: str | None = None,
    timeout_seconds: float | None = None,
) -> Completed:
    """Run `argv` as `user` (with all of that user's groups) and return what it left, whatever its status.

    Secrets go in through `environment` or `stdin`: an argument list is readable by every user of the host.

    Raises:
        CommandError: the program or the user does not exist, or `timeout_seconds` have passed.
    """
    identity, variables = identity_of(user, argv[0]), variables_of(user)
    variables.update(environment or {})
    try:
        done = subprocess.run(
            list(argv),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=variables,
            cwd=directory or "/",
            timeout=timeout_seconds,
            check=False,
            **identity,
        )
    except FileNotFoundError as error:
        kind = NotInstalled if error.filename == argv[0] else CommandError
        raise kind(f"{argv[0]} cannot be run: {error.filename} does not exist") from None
    except PermissionError as error:
        raise CommandError(f"{argv[0]} cannot be run: {error}") from None
    except subprocess.TimeoutExpired:
        raise CommandError(f"{argv[0]} did not end within {timeout_seconds:.0f} s and was stopped") from None
    return Completed(tuple(argv), done.returncode, done.stdout, done.stderr)


def run_checked(runner: Runner, argv: Sequence[str], what: str, **options: Any) -> Completed:
    """Run `argv` by `runner`; `what` names the attempt in the message of the CommandError that a non-zero status raises."""
    done = runner(argv, **options)
    if done.status != 0:
        raise CommandError(f"{what} failed: {argv[0]} ended with status {done.status}: {done.said}")
    return done
