"""The reference application's source directory is not a package of the collection: put it on the path."""

import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "reference_app" / "source"
sys.path.insert(0, str(SOURCE))
