# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands whose output goes on as it comes, or that are fed as it comes: what passes is too large for memory, and must not lie on a disk."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import IO, cast

from .command import CommandError, Completed, Runner, identity_of, variables_of

__all__ = ["feeding", "streaming"]

PIECE_BYTES = 1024 * 1024
SAID_BYTES = 64 * 1024


def streaming(sink: Callable[[bytes], object]) -> Runner:
    """Return a runner that hands standard output on, piece by piece."""

    def work(process: subprocess.Popen[bytes]) -> None:
        for piece in iter(lambda: cast("IO[bytes]", process.stdout).read(PIECE_BYTES), b""):
            sink(piece)

    return runner(work, stdout=subprocess.PIPE)


def feeding(source: Iterable[bytes]) -> Runner:
    """Return a runner that gives these pieces as standard input. A command that ends before them is no error here: its status tells."""

    def work(process: subprocess.Popen[bytes]) -> None:
        given = cast("IO[bytes]", process.stdin)
        try:
            for piece in source:
                given.write(piece)
        except BrokenPipeError:
            pass
        except BaseException:
            process.kill()  # before its input ends: it must not take half for the whole
            raise
        finally:
            with contextlib.suppress(BrokenPipeError):
                given.close()

    return runner(work, stdin=subprocess.PIPE)


def runner(
    work: Callable[[subprocess.Popen[bytes]], None], stdin: int = subprocess.DEVNULL, stdout: int = subprocess.DEVNULL
) -> Runner:
    """Return a runner that does `work` on the process while it runs."""

    def run(
        argv: Sequence[str],
        *,
        user: str | None = None,
        environment: Mapping[str, str] | None = None,
        directory: str | None = None,
        **_options: object,
    ) -> Completed:
        with tempfile.TemporaryFile() as errors:  # a pipe that nobody reads would hold the command up
            try:
                process = subprocess.Popen(
                    list(argv),
                    stdin=stdin,
                    stdout=stdout,
                    stderr=errors,
                    env={**variables_of(user), **(environment or {})},
                    cwd=directory or "/",
                    **identity_of(user, argv[0]),
                )
            except OSError as error:
                raise CommandError(f"{argv[0]} cannot be run: {error}") from None
            try:
                work(process)
            except BaseException:
                process.kill()
                raise
            finally:
                status = process.wait()
            return Completed(tuple(argv), status, "", said(errors))

    return run


def said(errors: IO[bytes]) -> str:
    """Return the beginning of what a command said; the first error is the one that counts."""
    errors.seek(0)
    return errors.read(SAID_BYTES).decode("utf-8", "replace")
