# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one family of errors of the domain: raised anywhere below, caught once in a thin adapter."""

from __future__ import annotations

__all__ = ["RELEASE_FAULT", "CodedError", "OpsError", "code_of"]

# What failed is the release itself, as far as can be told where it failed.
RELEASE_FAULT = "release_fault"


class OpsError(Exception):
    """Something that a person must hear about: the message says what happened, on what, and what to do next."""


class CodedError(OpsError):
    """One of which a program must know the kind, whatever its words are: `code` names it, "" where nothing depends on it."""

    code = ""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code or type(self).code


def code_of(error: OpsError) -> str:
    """Return the code of an error, "" where it has none."""
    return error.code if isinstance(error, CodedError) else ""
