# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host is, as far as the roles need to know: names and values as ansible.builtin.setup gives them on Debian, in a hundredth of its time."""

from __future__ import annotations

import shlex

__all__ = ["FACTS", "host_facts"]

FACTS = ("distribution", "distribution_major_version", "distribution_release", "processor_vcpus")


def host_facts(os_release: str, processors: int | None) -> dict[str, str | int]:
    """Return the facts that are known.

    Args:
        os_release: the text of /etc/os-release (os-release(5)).
        processors: how many of them the host has; None where nobody can tell.
    """
    said = dict(word.split("=", 1) for word in shlex.split(os_release, comments=True) if "=" in word)
    facts: dict[str, str | int] = {
        "distribution": said.get("ID", "").capitalize(),
        "distribution_major_version": said.get("VERSION_ID", "").partition(".")[0],
        "distribution_release": said.get("VERSION_CODENAME", ""),
    }
    return facts | ({"processor_vcpus": processors} if processors else {})
