"""The reference application's source directory is not a package of the collection: put it on the path. Later releases are assembled."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from migration_run import Run, upgrade
from reference_release import assemble
from release_code import own_code

SOURCE = Path(__file__).resolve().parents[2] / "reference_app" / "source"
sys.path.insert(0, str(SOURCE))


@pytest.fixture(scope="session")
def assembled(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Give a maker of a version's folder; each is made once."""
    folder, made = tmp_path_factory.mktemp("releases"), {}

    def make(version: str) -> Path:
        if version not in made:
            made[version] = assemble(version, folder / version)
        return made[version]

    return make


@pytest.fixture
def code_of(assembled: Callable[[str], Path]) -> Callable[[str, str], ModuleType]:
    """Give an importer of a module of a version's own `trauma` package, instead of the one of 1.0.0."""

    def load(version: str, name: str) -> ModuleType:
        with own_code(assembled(version)):
            return importlib.import_module(name)

    return load


@pytest.fixture
def carry_out(assembled: Callable[[str], Path]) -> Callable[[str, str, Run], list[tuple[str, bool]]]:
    """Give a runner of one migration of a version, on whatever runs SQL; it returns the statements."""

    def run(version: str, revision: str, sql: Run) -> list[tuple[str, bool]]:
        return upgrade(assembled(version), revision, sql)

    return run
