# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What speaks against an upgrade before anything is changed, beside window and approval: all of it at once, each with what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import read_contract
from ansible_collections.traumalink.ops.plugins.plugin_utils.duration import duration_words
from ansible_collections.traumalink.ops.plugins.plugin_utils.window import WindowState, read_at, window_state

__all__ = ["cutoff_problem", "fit_problem", "upgrade_problems", "window_at"]


def upgrade_problems(seen: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return what speaks against the upgrade, as sentences: `problems`, and `unsettled`, which an operation that was cut off may have left.

    Both are empty where nothing does. Where no host has to go anywhere, only what contradicts itself counts.

    Args:
        seen: `path` as the filter upgrade_path returned it; `room`, its sentences; `stopped`, app host to units of the current slot that do not run;
            `health`, edge host to what module_health returned; `unproven`, why the backups count as unproven; `in_the_way`, which transactions are; `fits`, why the time does not do.
    """
    problems = list(seen["path"]["problems"])
    if not seen["path"]["changes"]:
        return {"problems": problems, "unsettled": []}
    problems += seen["room"]
    if seen["unproven"]:
        problems.append(f"The backups of the site are unproven: {_sentence(seen['unproven'])}")
    if seen["in_the_way"]:
        problems.append(_sentence(seen["in_the_way"]))
    if seen["fits"]:
        problems.append(seen["fits"])
    unsettled = [*seen["path"]["unsettled"], *_stopped(seen["stopped"]), *_unhealthy(seen["health"])]
    return {"problems": problems, "unsettled": unsettled}


def _stopped(stopped: Mapping[str, Any]) -> Iterator[str]:
    for host, units in stopped.items():
        if units:
            yield f"{', '.join(units)} on {host} {'does' if len(units) == 1 else 'do'} not run, so nobody could tell what the upgrade breaks; start it first."


def _unhealthy(health: Mapping[str, Any]) -> Iterator[str]:
    for host, answer in health.items():
        sick = [entry for entry in answer.get("modules", []) if entry["status"] != "healthy"]
        if sick:
            said = "; ".join(f"{entry['name']} is {entry['status']} ({entry['reason']})" for entry in sick)
            yield f"Through {host} {said}: the application is not healthy before the upgrade, so nobody could tell what that breaks. Mend it first."


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def cutoff_problem(
    contract: object, needed_seconds: float, rehearsed_at: str, begun_at: str, now: datetime | None = None
) -> str:
    """Return why a change must not go on to the next host, "" where it may: before the cutoff there must be time left to go back.

    Args:
        contract: the contract as plain data.
        needed_seconds: how long going back takes at most.
        rehearsed_at: the moment that a rehearsal took for its beginning (ISO 8601), "" where it is none.
        begun_at: the run id, which holds the real beginning; a rehearsal's clock goes on from there.
        now: an aware time; the clock where it is left out.

    Raises:
        OpsError: the contract or a time cannot be read.
    """
    state = window_at(contract, rehearsed_at, begun_at, now)
    if state.state != "open":
        return f"The window has closed meanwhile ({state.reason}), so no further host is changed."
    if state.seconds_left < needed_seconds:
        left, needed = duration_words(state.seconds_left), duration_words(needed_seconds)
        return f"{left} are left before the cutoff, and going back may take {needed}, so no further host is changed."
    return ""


def fit_problem(
    contract: object,
    migration_seconds: float,
    watch_seconds: float,
    rollback_seconds: float,
    rehearsed_at: str,
    now: datetime | None = None,
) -> str:
    """Return why the time that is left does not do for what is known to take time, "" where it does; how long all of it takes is the contract's to say.

    Args:
        contract: the contract as plain data.
        migration_seconds: how long the vendor expects the migrations to take.
        watch_seconds: how long the new release is watched on all hosts together.
        rollback_seconds: how long going back takes at most.
        rehearsed_at: the moment that a rehearsal takes for its beginning (ISO 8601), "" where it is none.
        now: an aware time; the clock where it is left out.

    Raises:
        OpsError: the contract or a time cannot be read.
    """
    moment = read_at(rehearsed_at) if rehearsed_at else now or datetime.now(UTC)
    state = window_state(read_contract(contract), moment, None)
    needed_seconds = migration_seconds + watch_seconds + rollback_seconds
    if state.state != "open" or state.seconds_left >= needed_seconds:
        return ""  # outside a window the gate itself has refused, or an emergency has opened it
    return (
        f"{duration_words(state.seconds_left)} are left before the cutoff, and {duration_words(needed_seconds)} are needed: the vendor expects the migrations "
        f"to take {duration_words(migration_seconds)}, the hosts are watched for {duration_words(watch_seconds)}, and going back may take "
        f"{duration_words(rollback_seconds)}. Begin earlier in the window, or agree on a longer one."
    )


def window_at(contract: object, rehearsed_at: str, begun_at: str, now: datetime | None = None) -> WindowState:
    """Return how it stands with the windows, by a rehearsal's clock where it is one; see `cutoff_problem`."""
    site, moment = read_contract(contract), now or datetime.now(UTC)
    if rehearsed_at:
        try:
            begun = datetime.strptime(begun_at[:15] + "+0000", "%Y%m%d-%H%M%S%z")
        except ValueError:
            raise OpsError(f"the run id {begun_at!r} holds no time") from None
        moment = read_at(rehearsed_at) + (moment - begun)
    return window_state(site, moment, None)
