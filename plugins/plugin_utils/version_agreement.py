# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The app hosts of a site agree on the version that is current, or a change of version was cut off while they were told.

A version is counted as current on the first host only when it was seen to serve well on all of them. So where some have it and some do not, the
change had come to its end, and what is left is to tell the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError

__all__ = ["AgreementError", "still_to_count"]


class AgreementError(OpsError):
    """The registers of the app hosts contradict one another."""


def still_to_count(deployed: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[dict[str, str]]:
    """Return which version must still be counted as current on which host: host, name, version. Empty where the hosts agree.

    Args:
        deployed: host to its applications, each with name, version and previous_good, as the module `application` returns them.

    Raises:
        AgreementError: they differ otherwise than a change of version that was cut off leaves them.
    """
    current: dict[str, dict[str, Mapping[str, Any]]] = {}
    for host, applications in deployed.items():
        for application in applications:
            current.setdefault(str(application["name"]), {})[host] = application
    missing = []
    for name, by_host in current.items():
        versions = {str(application["version"]) for application in by_host.values()}
        if len(versions) == 1:
            continue
        newer = [
            version
            for version in versions
            if {version, *_before(by_host, version)} == versions and len(_before(by_host, version)) == 1
        ]
        if len(newer) != 1:
            told = ", ".join(f"{application['version']} on {host}" for host, application in sorted(by_host.items()))
            raise AgreementError(
                f"the app hosts do not agree on the version of {name} that is current: {told}. Look at releases.json on each of them"
            )
        missing += [
            {"host": host, "name": name, "version": newer[0]}
            for host, application in by_host.items()
            if application["version"] != newer[0]
        ]
    return missing


def _before(by_host: Mapping[str, Mapping[str, Any]], version: str) -> set[str]:
    """Return what was current before, on the hosts that count `version` as current."""
    return {
        str(application["previous_good"]) for application in by_host.values() if application["version"] == version
    } - {""}
