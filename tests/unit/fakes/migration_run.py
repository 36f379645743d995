"""Stands for alembic: carries out a release's migrations without it, on whatever runs SQL, and notes what it was asked."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from release_code import own_code

# Runs SQL text, in one transaction or (for what must stand alone) outside any, and returns the first field it gave.
Run = Callable[[str, bool], Any]


@dataclass
class Operations:
    """Stands for `alembic.op` while one migration runs.

    Statements inside `autocommit_block` run at once; the others run together in one transaction when the migration is at its end.
    `statements` are all that change something, in order, each with whether it was in the transaction.
    """

    run: Run
    statements: list[tuple[str, bool]] = field(default_factory=list)
    autocommit: bool = False

    def execute(self, statement: str) -> None:
        """Note a statement, and run it unless it waits for the transaction."""
        self.statements.append((statement.strip(), not self.autocommit))
        if self.autocommit:
            self.run(statement, False)

    def get_bind(self) -> Operations:
        """Stand for the connection as well."""
        return self

    def get_context(self) -> Operations:
        """Stand for the context as well."""
        return self

    @contextmanager
    def autocommit_block(self) -> Iterator[None]:
        """Run what comes outside a transaction."""
        self.autocommit = True
        yield
        self.autocommit = False

    def exec_driver_sql(self, statement: str) -> Answer:
        """Ask the database; outside a transaction only."""
        assert self.autocommit, "a question inside the transaction would not see its statements here"
        return Answer(self.run(statement, False))

    def end(self) -> None:
        """Run what belongs into the transaction."""
        if inside := [statement for statement, transactional in self.statements if transactional]:
            self.run(";\n".join(inside), True)


@dataclass(frozen=True)
class Answer:
    """The result of a question."""

    value: Any

    def scalar(self) -> Any:
        """Return the first field of the first row."""
        return self.value


def load(folder: Path, revision: str, operations: object) -> ModuleType:
    """Import one migration of a release with `operations` as its `alembic.op`."""
    (path,) = (folder / "migrations" / "versions").glob(f"{revision}_*.py")
    spec = importlib.util.spec_from_file_location(f"migration_{revision}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    alembic = ModuleType("alembic")
    alembic.op = operations  # type: ignore[attr-defined]
    with own_code(folder), pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "alembic", alembic)
        spec.loader.exec_module(module)
    return module


def upgrade(folder: Path, revision: str, run: Run) -> list[tuple[str, bool]]:
    """Carry out one migration and return its statements."""
    operations = Operations(run)
    load(folder, revision, operations).upgrade()
    operations.end()
    return operations.statements


def history(folder: Path) -> dict[str, str | None]:
    """Return the revisions of a release, each with the one before it."""
    found = {}
    for path in sorted((folder / "migrations" / "versions").glob("*.py")):
        module = load(folder, path.name.split("_")[0], None)
        found[module.revision] = module.down_revision
    return found
