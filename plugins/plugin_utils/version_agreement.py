# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The app hosts of a site agree on the version that is current, or a change of version was cut off while they were told.

Then all go to the one version that each of them runs or ran well before: an upgrade that was cut off ends where it began, and a rollback where it
was going.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError

__all__ = ["AgreementError", "to_go_back"]


class AgreementError(OpsError):
    """The app hosts have no version in common."""


def to_go_back(deployed: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[dict[str, str]]:
    """Return which host must go back to which version, so that all agree: host, name, version. Empty where they do.

    Args:
        deployed: host to its applications, each with name, version and previous_good, as the module `application` returns them.

    Raises:
        AgreementError: they differ, and have no version in common.
    """
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for host, applications in deployed.items():
        for application in applications:
            found.setdefault(str(application["name"]), {})[host] = application
    steps = []
    for name, by_host in found.items():
        current = {host: str(application["version"]) for host, application in by_host.items()}
        if len(set(current.values())) == 1:
            continue
        common = set.intersection(
            *({str(entry["version"]), str(entry["previous_good"])} for entry in by_host.values())
        ) - {""}
        if len(common) != 1:
            told = ", ".join(f"{version} on {host}" for host, version in sorted(current.items()))
            raise AgreementError(
                f"the app hosts run different versions of {name} ({told}) and have none in common to go back to; "
                "look at traumalink.ops.version_register, and ask the vendor which version is right"
            )
        (version,) = common
        steps += [{"host": host, "name": name, "version": version} for host in current if current[host] != version]
    return steps
