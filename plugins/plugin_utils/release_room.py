# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the app hosts have room for a release, seen before anything is carried there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["room_problems"]

MEBIBYTE = 1024**2


def room_problems(answers: Mapping[str, Mapping[str, Any]], name: str, version: str, needed_bytes: int) -> list[str]:
    """Return what is missing, a sentence for each host; a host on which the version is laid down already needs nothing.

    Args:
        answers: app host to what M(traumalink.ops.release_info) returned there: `free_bytes` and `register`.
        name, version: of the release.
        needed_bytes: what M(traumalink.ops.release_info) returned for the archive.
    """
    return [
        f"{host} has {answer['free_bytes'] // MEBIBYTE} MiB free where /opt/{name}/releases lies, and {name} {version} needs "
        f"{-(-needed_bytes // MEBIBYTE)} MiB. Make room there and run again."
        for host, answer in answers.items()
        if _needs_room(answer["register"]["releases"].get(version)) and answer["free_bytes"] < needed_bytes
    ]


def _needs_room(entry: Mapping[str, Any] | None) -> bool:
    return entry is None or bool(entry.get("retired"))
