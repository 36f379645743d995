# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What speaks against a finalize: contract migrations take away what the version before needs, so nobody goes there by accident or too early."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.slots import register_of
from ansible_collections.traumalink.ops.plugins.plugin_utils.duration import duration_words

__all__ = ["finalize_problems"]


def finalize_problems(
    registers: Mapping[str, Mapping[str, Any]],
    manifest: Mapping[str, Any],
    sha256: str,
    after_days: float,
    now: datetime | None = None,
) -> list[str]:
    """Return what speaks against it, as sentences; empty where nothing does.

    Args:
        registers: app host to its register, as M(traumalink.ops.release_info) returns it.
        manifest, sha256: of the release whose contract migrations are to be applied.
        after_days: how long the version must have been current on every host.
        now: an aware time; the clock where it is left out.
    """
    moment = now or datetime.now(UTC)
    version, problems = str(manifest["version"]), []
    for host, data in registers.items():
        register = register_of(data)
        current = register.current.version if register.current else ""
        if current != version:
            problems.append(
                f"{host} runs {current or 'no version'}, and the release is {version}; finalize what runs on all app hosts, after traumalink.ops.upgrade."
            )
            continue
        entry = register.releases[version]
        if entry.sha256 != sha256:
            problems.append(
                f"{version} came to {host} from another archive (SHA-256 {entry.sha256[:12]}…, this one is {sha256[:12]}…); give the one it came from."
            )
        if register.final == version or not entry.activated_at:
            continue  # begun already, or deployed before anybody wrote down when
        left = datetime.fromisoformat(entry.activated_at) + timedelta(days=after_days) - moment
        if left > timedelta():
            problems.append(
                f"{version} is current on {host} for {duration_words((timedelta(days=after_days) - left).total_seconds())}, and going back stays possible for "
                f"{after_days:g} days (finalize_after_days); run it again in {duration_words(left.total_seconds())}."
            )
    if not [entry for entry in manifest["migrations"] if entry["kind"] == "contract"]:
        problems.append(f"{version} has no contract migration, so there is nothing to finalize.")
    return problems
