# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which servers of a backend HAProxy's configuration puts into service: those whose line does not say `disabled`.

Nothing else of the text is touched, and what comes out is what the role deploy's template renders for the same servers.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from .haproxy_runtime import HaproxyError

__all__ = ["servers_in_service", "with_service"]

# The keywords that begin a section (HAProxy's configuration manual, 2.1 "Configuration file format").
SECTIONS = frozenset(
    {
        "backend", "cache", "crt-store", "defaults", "fcgi-app", "frontend", "global", "http-errors", "listen", "log-forward", "log-profile",
        "mailers", "peers", "program", "resolvers", "ring", "traces", "userlist",
    }
)  # fmt: skip
DISABLED = re.compile(r"[ \t]+disabled(?=[ \t]|$)")


def _server_lines(lines: list[str], backend: str) -> Iterator[tuple[int, str]]:
    """Yield position and name of each server of a backend."""
    inside = False
    for number, line in enumerate(lines):
        words = line.split()
        if words and words[0] in SECTIONS:
            inside = words[:2] == ["backend", backend]
        elif inside and len(words) > 2 and words[0] == "server":
            yield number, words[1]


def servers_in_service(text: str, backend: str) -> dict[str, bool]:
    """Return for each server of the backend whether a HAProxy that starts with this text leads traffic there."""
    lines = text.split("\n")
    return {name: DISABLED.search(lines[number]) is None for number, name in _server_lines(lines, backend)}


def with_service(text: str, backend: str, in_service: Collection[str], out_of_service: Collection[str]) -> str:
    """Return the text with these servers in service and those out of it; others stay as they are.

    Raises:
        HaproxyError: a server is not in the text.
    """
    lines = text.split("\n")
    found = {name: number for number, name in _server_lines(lines, backend)}
    if unknown := sorted({*in_service, *out_of_service} - set(found)):
        known = ", ".join(found) or "none"
        raise HaproxyError(
            f"HAProxy's configuration has no server {', '.join(unknown)} in its backend {backend}; it has {known}. Deploy the site "
            "(traumalink.ops.site), which writes it anew. Nothing was changed"
        )
    for name in in_service:
        lines[found[name]] = DISABLED.sub("", lines[found[name]])
    for name in out_of_service:
        lines[found[name]] = DISABLED.sub("", lines[found[name]]).rstrip() + " disabled"
    return "\n".join(lines)
