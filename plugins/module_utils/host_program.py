# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of this collection as a Python package on a host, for what a timer runs there without Ansible."""

from __future__ import annotations

import sys
from pathlib import Path

from .files import TextFile

__all__ = ["PACKAGE", "PLACE", "package_files"]

PLACE = Path("/usr/local/lib/traumalink")
PACKAGE = "traumalink_ops"


def package_files(place: Path = PLACE) -> list[TextFile]:
    """Return the files of a package that holds every part of `module_utils` which this process has imported.

    Ansible sends a module together with the parts that it imports; they import each other relatively, so they work under any name.
    """
    prefix = __name__.rpartition(".")[0] + "."
    names = sorted(name for name in sys.modules if name.startswith(prefix) and "." not in name.removeprefix(prefix))
    files = [TextFile(place / PACKAGE / "__init__.py", "")]
    for name in names:
        loader = getattr(sys.modules[name].__spec__, "loader", None)
        text = loader.get_source(name) if loader is not None and hasattr(loader, "get_source") else None
        if text:
            files.append(TextFile(place / PACKAGE / f"{name.removeprefix(prefix)}.py", text))
    return files
