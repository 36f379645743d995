# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps a run of a deployment from ending well, as far as it can be seen before it begins, and which migrations it applies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

__all__ = ["deploy_problems", "migration_kinds"]


def deploy_problems(groups: Mapping[str, Sequence[str]], hosts: Sequence[str], paths: Mapping[str, str]) -> list[str]:
    """Return everything that speaks against the run, each with what to do; empty where nothing does.

    Args:
        groups: Ansible's `groups`.
        hosts: the hosts that take part (`ansible_play_hosts_all`).
        paths: variable to the path that it holds, on the controller.
    """
    problems = []
    edges = [host for host in groups["edge"] if host in hosts]
    left_out = [host for host in groups["app"] if host not in hosts]
    if edges and left_out:
        problems.append(
            f"This run leaves out {' and '.join(left_out)} and takes in {' and '.join(edges)}, where HAProxy must be told the slot of every app "
            "host; run without --limit, or leave out the edge hosts too."
        )
    # The controller's own tasks work in another folder than the person does, so a relative path would mean something else there.
    problems += [
        f"{variable} is {path!r}, which is not an absolute path; give it whole, as in /srv/releases/{PurePosixPath(path).name}."
        for variable, path in paths.items()
        if not PurePosixPath(path).is_absolute()
    ]
    return problems


def migration_kinds(answers: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the kinds of migrations that a deployment applies: all with the first release of a site, else those alone that leave a way back.

    Args:
        answers: of each app host what M(traumalink.ops.release_info) returned, empty where it was not asked: a host of which nobody knows what runs there, or
            that was installed anew, makes no new site.
    """
    new = bool(answers) and all("register" in answer and not answer["register"]["current"] for answer in answers)
    return ["expand", "contract", "breaking"] if new else ["expand"]
