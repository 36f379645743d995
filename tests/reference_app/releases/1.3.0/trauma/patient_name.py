"""A patient's name in its two parts; put together again they are the name as it was entered."""

from __future__ import annotations

# The family names of two characters that are common today; migration 0003 knows the same.
COMPOUND_FAMILY_NAMES = ("欧阳", "上官", "司马", "诸葛", "皇甫", "尉迟", "司徒", "慕容", "令狐", "夏侯", "东方", "公孙")


def split(name: str) -> tuple[str, str]:
    """Family name and given name: the first character, or the first two of a compound family name, and the rest (may be empty)."""
    length = 2 if name[:2] in COMPOUND_FAMILY_NAMES else 1
    return name[:length], name[length:]


def whole(family_name: str, given_name: str) -> str:
    """The name as it was entered."""
    return family_name + given_name
