# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Until when programs get security updates: a table with its date, since nothing may ask the internet at run time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

__all__ = ["LOOKED_UP", "SUPPORT", "Support", "support_of"]

LOOKED_UP = date(2026, 11, 29)  # when this table was last compared with its sources


@dataclass(frozen=True)
class Support:
    """How long one major version of a program is supported: until `ends`, and by Debian's LTS team until `extended` where that is agreed."""

    program: str
    version: str
    ends: date
    source: str
    extended: date | None = None

    def as_dict(self, today: date) -> dict[str, Any]:
        """Return plain data; `over` tells whether the last day has passed."""
        last = self.extended or self.ends
        return {
            "program": self.program,
            "version": self.version,
            "ends": self.ends.isoformat(),
            "extended": self.extended.isoformat() if self.extended else "",
            "today": today.isoformat(),
            "over": last < today,
            "source": self.source,
        }


DEBIAN_TABLE = "debian.csv of Debian's package distro-info-data 0.58+deb12u7"
POSTGRESQL_PAGE = "https://www.postgresql.org/support/versioning/"
HAPROXY_PAGE = "https://www.haproxy.org/, which names a quarter; its first day stands here"
SUPPORT = (
    Support("debian", "12", date(2026, 7, 11), DEBIAN_TABLE, date(2028, 6, 30)),
    Support("debian", "13", date(2028, 8, 9), DEBIAN_TABLE, date(2030, 6, 30)),
    Support("postgresql", "15", date(2027, 11, 11), POSTGRESQL_PAGE),
    Support("postgresql", "17", date(2029, 11, 8), POSTGRESQL_PAGE),
    Support("haproxy", "2.6", date(2027, 4, 1), HAPROXY_PAGE),
    Support("haproxy", "3.0", date(2029, 4, 1), HAPROXY_PAGE),
)


def support_of(versions: Mapping[str, str], today: date) -> list[dict[str, Any]]:
    """Return what the table says of the installed versions (program to version); what it does not know is left out."""
    return [
        each.as_dict(today)
        for each in SUPPORT
        if (found := upstream(versions.get(each.program, "")))
        and (found == each.version or found.startswith(f"{each.version}."))
    ]


def upstream(version: str) -> str:
    """Return a Debian version without epoch and Debian's part."""
    return version.partition(":")[2].partition("-")[0] if ":" in version else version.partition("-")[0]
