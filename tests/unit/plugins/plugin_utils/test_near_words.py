"""What somebody may have meant."""

from __future__ import annotations

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.near_words import near

KNOWN = ("upgrade", "backup", "backup_check", "drill")


@pytest.mark.parametrize(
    ("word", "most", "meant"),
    [
        ("upgarde", 1, "upgrade"),
        ("UPGRADE", 1, "upgrade"),
        ("backup_chek", 2, "backup_check or backup"),
        ("backup_chek", 1, "backup_check"),
        ("drills_of_today", 1, ""),
        ("dri", 1, "drill"),
        ("x", 2, ""),
    ],
)
def test_the_nearest_words_are_named(word: str, most: int, meant: str) -> None:
    assert near(word, KNOWN, most) == meant
