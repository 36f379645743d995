"""What a host is, as ansible.builtin.setup would say it."""

from __future__ import annotations

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.host_release import FACTS, host_facts

BOOKWORM = """PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
"""


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        (BOOKWORM, ("Debian", "12", "bookworm", 2)),
        (BOOKWORM.replace("12", "13").replace("bookworm", "trixie"), ("Debian", "13", "trixie", 2)),
        # A Debian that is not released yet has no number, and is refused for it.
        ("# made by hand\nID=debian\nVERSION_CODENAME='forky'\n", ("Debian", "", "forky", 2)),
        ('ID="ubuntu"\nVERSION_ID="24.04"\nVERSION_CODENAME=noble\n', ("Ubuntu", "24", "noble", 2)),
        ("", ("", "", "", 2)),
    ],
)
def test_the_release_is_told(text: str, facts: tuple[object, ...]) -> None:
    assert tuple(host_facts(text, 2).values()) == facts
    assert tuple(host_facts(text, 2)) == FACTS


def test_processors_that_nobody_can_count_are_left_out() -> None:
    assert "processor_vcpus" not in host_facts(BOOKWORM, None)
