# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way from one version to another: whether an upgrade or a rollback may go it, judged from the registers of all app hosts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.manifest import version_key
from ansible_collections.traumalink.ops.plugins.module_utils.slots import Register, register_of

__all__ = ["VersionPath", "rollback_path", "upgrade_path"]

WAYS_LEFT = (
    "Two ways are left: a new release that mends what is wrong (traumalink.ops.upgrade), or the database as it was at an earlier time, with the "
    "loss of all that was written since (traumalink.ops.restore)."
)
LOOK = "Look at traumalink.ops.version_register, and ask the vendor which version is right."


@dataclass(frozen=True)
class VersionPath:
    """The way of all app hosts.

    Attributes:
        before: each host's current version, "" where it has none.
        to: where they go, "" where that cannot be told.
        changes: whether any host has to go anywhere.
        problems: everything that speaks against it, each with what to do; empty where nothing does.
        unsettled: the same of what an upgrade or a rollback that was cut off may have left, and whoever settles that mends.
    """

    before: Mapping[str, str]
    to: str
    changes: bool
    problems: tuple[str, ...] = ()
    unsettled: tuple[str, ...] = ()


def upgrade_path(
    registers: Mapping[str, Mapping[str, Any]], manifest: Mapping[str, Any], sha256: str, *, retry_bad: bool = False
) -> VersionPath:
    """Judge an upgrade.

    Args:
        registers: app host to its register, as M(traumalink.ops.release_info) returns it.
        manifest: that of the release, with `name`, `version` and `from_versions`.
        sha256: of the release's archive.
        retry_bad: whether a person said that a BAD version is to be tried again.
    """
    known = {host: register_of(data) for host, data in registers.items()}
    before, to = _current(known), str(manifest["version"])
    problems = list(_other_archives(known, to, sha256))
    if before and set(before.values()) == {to}:
        return VersionPath(before, to, changes=False, problems=tuple(problems))
    if not retry_bad:
        problems += _bad(known, to)
    problems += _bare(known, before, str(manifest["name"]))
    if len(set(before.values())) == 1 and all(before.values()):
        problems += _step(known, next(iter(before.values())), to, list(manifest["from_versions"]))
    return VersionPath(
        before, to, changes=True, problems=tuple(problems), unsettled=tuple(_disagreement(known, before))
    )


def rollback_path(registers: Mapping[str, Mapping[str, Any]]) -> VersionPath:
    """Judge a rollback: to the version that every app host runs or ran well before, also where an upgrade was cut off between two hosts.

    Args:
        registers: app host to its register, as M(traumalink.ops.release_info) returns it.
    """
    known = {host: register_of(data) for host, data in registers.items()}
    before = _current(known)
    to = _shared(known)
    if to:
        retired = [host for host, register in known.items() if register.releases[to].retired]
        problems = (
            [f"The folder of {to} is gone on {_and(retired)}; stage it there from its archive first."]
            if retired
            else []
        )
        return VersionPath(before, to, changes=True, problems=tuple(problems))
    final = sorted({register.final for register in known.values() if register.final}, key=version_key)
    if final and final[-1] in before.values():
        return VersionPath(
            before,
            "",
            False,
            (
                f"From {final[-1]} there is no way back: its migrations took away what the version before needs. {WAYS_LEFT}",
            ),
        )
    shown = ", ".join(f"{host} from {before[host] or 'nothing'} to {_good(known[host]) or 'nothing'}" for host in known)
    return VersionPath(
        before, "", False, (f"There is no version that all app hosts could go back to ({shown}). {WAYS_LEFT}",)
    )


def _current(known: Mapping[str, Register]) -> dict[str, str]:
    return {host: register.current.version if register.current else "" for host, register in known.items()}


def _good(register: Register) -> str:
    return register.previous_good.version if register.previous_good else ""


def _shared(known: Mapping[str, Register]) -> str:
    """Return the one version that each host runs or can go back to, and not all run already; "" where there is none."""
    reach = [register.kept for register in known.values()]
    common = set.intersection(*reach) if reach else set()
    left = {version for version in common if any(current != version for current in _current(known).values())}
    return left.pop() if len(left) == 1 else ""


def _other_archives(known: Mapping[str, Register], to: str, sha256: str) -> Iterator[str]:
    other = {
        host: register.releases[to].sha256
        for host, register in known.items()
        if to in register.releases and register.releases[to].sha256 not in ("", sha256)
    }
    if other:
        digest = next(iter(other.values()))
        yield (
            f"Version {to} came to {_and(other)} from another archive (SHA-256 {digest[:12]}…, this one is {sha256[:12]}…). A version never "
            "changes: have the vendor release the new content as a new version."
        )


def _bad(known: Mapping[str, Register], to: str) -> Iterator[str]:
    reasons: dict[str, list[str]] = {}
    for host, register in known.items():
        if reason := register.bad(to):
            reasons.setdefault(reason, []).append(host)
    if reasons:
        said = "; ".join(f"on {_and(hosts)}: {reason}" for reason, hosts in reasons.items())
        yield (
            f"{to} was marked BAD ({said}) and is not tried again. Have the vendor release a new version, or, once the cause is gone, say that "
            "it is to be tried again: -e upgrade_retry_bad=true."
        )


def _bare(known: Mapping[str, Register], before: Mapping[str, str], name: str) -> Iterator[str]:
    bare = [host for host, version in before.items() if not version]
    found = {version for version in before.values() if version}
    if not found:
        yield f"No version of {name} is active on {_and(bare) or 'any app host'}: the first one comes by traumalink.ops.deploy."
    elif bare and len(found) == 1:
        yield (
            f"{_and(bare)} {'has' if len(bare) == 1 else 'have'} no active version of {name}. Bring {next(iter(found))} there first, which the others run: "
            "traumalink.ops.deploy with its archive."
        )


def _disagreement(known: Mapping[str, Register], before: Mapping[str, str]) -> Iterator[str]:
    if len({version for version in before.values() if version}) > 1:
        shared = _shared(known)
        way = f"Run traumalink.ops.rollback first, which brings all to {shared}." if shared else LOOK
        shown = ", ".join(f"{host} {version or 'none'}" for host, version in before.items())
        yield f"The app hosts run different versions ({shown}): an upgrade or a rollback was cut off. {way}"


def _step(known: Mapping[str, Register], current: str, to: str, from_versions: list[str]) -> Iterator[str]:
    if version_key(to) < version_key(current):
        goods = {_good(register) for register in known.values()}
        back = next(iter(goods)) if len(goods) == 1 else ""
        target = (
            f"goes back to {back}, the previous good version" if back else "goes back one version, where there is one"
        )
        yield f"{current} runs, and {to} is older: an upgrade never goes back. traumalink.ops.rollback {target}."
    elif not from_versions:
        yield f"{to} comes from no version (from_versions of its manifest is empty), and {current} runs: it is for new sites. Ask the vendor for a release that comes from {current}."
    elif current not in from_versions:
        steps = sorted(
            (version for version in from_versions if version_key(version) > version_key(current)), key=version_key
        )
        then = (
            f"Upgrade to {_or(steps)} first." if steps else f"Ask the vendor for a release that comes from {current}."
        )
        yield f"{to} comes from {_or(sorted(from_versions, key=version_key))} only (from_versions of its manifest), and {current} runs. {then}"


def _listed(words: list[str], last: str) -> str:
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else "".join(words)


def _and(hosts: Mapping[str, Any] | list[str]) -> str:
    return _listed(list(hosts), "and")


def _or(versions: list[str]) -> str:
    return _listed(versions, "or")
