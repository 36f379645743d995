# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an upgrade failed by its release, which is BAD then and not tried again, or by what happened around it."""

from __future__ import annotations

from collections.abc import Collection

from ansible_collections.traumalink.ops.plugins.module_utils.errors import RELEASE_FAULT

__all__ = ["blame"]


def blame(
    reason: str, codes: Collection[str], unreached: Collection[str], around: Collection[str], *, decided: bool = False
) -> str:
    """Return why the release is BAD, "" where it is not to blame.

    Args:
        reason: why the upgrade failed, in words.
        codes: what each failure said of its kind; the step that failed says whether the release is at fault.
        unreached: hosts that could not be reached then; whatever was seen on the others is not the release's fault alone.
        around: what else happened meanwhile, such as a database that was restarted, in words.
        decided: whether it had been seen to serve well everywhere, and counts as current: what failed came after that.
    """
    its_own = bool(codes) and set(codes) == {RELEASE_FAULT}
    return reason if its_own and not (unreached or around or decided) else ""
