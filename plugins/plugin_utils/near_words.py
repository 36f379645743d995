# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody may have meant: known words that are near one that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["near"]

NEAR_ENOUGH = 0.7  # difflib's ratio; with its own 0.6 a "weekday" was a wednesday
SHORTEST_BEGINNING = 3


def near(word: str, known: Iterable[str], most: int = 1) -> str:
    """Return the known words nearest to a word, whatever its capitals, `most` at most, joined by "or"; "" where none is near."""
    word, words = word.lower(), list(known)
    begun = [each for each in words if len(word) >= SHORTEST_BEGINNING and each.startswith(word)]
    close = difflib.get_close_matches(word, words, most, NEAR_ENOUGH)
    return " or ".join(list(dict.fromkeys([*close, *begun]))[:most])
