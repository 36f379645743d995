# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine is told to bring back: a set, a timeline, a target. Two restores that differ in any of it never share a data directory."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["RestoreJob"]


@dataclass(frozen=True)
class RestoreJob:
    """One restore, as the plan decided it.

    Attributes:
        label: of the set; type: the engine's word for the kind of target (default is the end); target: as the engine writes it down.
        timeline: that WAL is replayed along; None is the newest.
    """

    label: str
    type: str = "default"
    target: str = ""
    timeline: int | None = None

    @property
    def options(self) -> list[str]:
        """The engine's options."""
        # Without promotion a server that has reached its target would wait for somebody to say so.
        target = [f"--target={self.target}", "--target-action=promote"] if self.type != "default" else []
        along = [f"--target-timeline={self.timeline}"] if self.timeline is not None else []
        return [f"--set={self.label}", f"--type={self.type}", *target, *along]

    @property
    def line(self) -> str:
        """What stands in the marker beside the data: equal where it is the same restore."""
        return " ".join(self.options)
