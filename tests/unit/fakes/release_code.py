"""The code of one release of the reference application, instead of the one that is on the path."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def own_code(folder: Path) -> Iterator[None]:
    """Import `trauma` from a folder while the block runs; what was imported before comes back afterwards."""
    before = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == "trauma"}
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.split(".")[0] == "trauma"]:
            del sys.modules[name]
        sys.modules.update(before)
