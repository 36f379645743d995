"""Damaged pages in words: relation, database and blocks, for whoever must act at night."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.command import Completed
from ansible_collections.traumalink.ops.plugins.module_utils.damaged_pages import DamagedPages, words
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_server import Server


class Catalog:
    """Answers as a server whose database 16384 is trauma, with one relation for each filenode."""

    relations: ClassVar[dict[tuple[str, str, str], list[str]]] = {
        ("trauma", "0", "16397"): ["trauma.trauma_case", "r"],
        ("trauma", "0", "16402"): ["trauma.case_pkey", "i"],
        ("trauma", "17000", "16405"): ["pg_toast.pg_toast_16397", "t"],
        ("postgres", "1664", "1260"): ["pg_catalog.pg_authid", "r"],
    }

    def __call__(self, argv: Sequence[str], **_options: Any) -> Any:
        database, statement = argv[argv.index("-d") + 1], argv[-1]
        if "pg_database" in statement:
            return Completed((), 0, "trauma\n" if "= 16384" in statement else "", "")
        found = [
            row for (name, *numbers), row in self.relations.items()
            if name == database and f"pg_filenode_relation({', '.join(numbers)})" in statement
        ]  # fmt: skip
        return Completed((), 0, "\x1f".join(found[0]) + "\n" if found else "", "")


@pytest.mark.parametrize(
    ("path", "pages", "said"),
    [
        ("base/16384/16397", [[7, 7]], "block 7 of table trauma.trauma_case in database trauma (base/16384/16397)"),
        ("base/16384/16397.2", [[262150, 262152], [262200, 262200]], "blocks 262150-262152, 262200 of table trauma.trauma_case in database trauma"),
        ("base/16384/16397_vm", [[0, 0]], "block 0 of table trauma.trauma_case (its vm fork) in database trauma"),
        ("pg_tblspc/17000/PG_15_202209061/16384/16405", [[1, 1]], "block 1 of TOAST table pg_toast.pg_toast_16397 in database trauma"),
        ("global/1260", [[1, 1]], "block 1 of table pg_catalog.pg_authid, shared by all databases (global/1260)"),
        ("base/16384/99", [[1, 1]], "block 1 of a relation that the server cannot name (base/16384/99)"),
        ("base/1/99", [[1, 1]], "block 1 of a relation that the server cannot name (base/1/99)"),
        ("pg_xact/0000", [], "the end of a file of the cluster (pg_xact/0000)"),
    ],
)  # fmt: skip
def test_names_what_is_damaged(path: str, pages: list[list[int]], said: str) -> None:
    text = words(Server(Catalog()), [DamagedPages(path, pages)])
    assert f"damaged on disk: {said}" in text
    assert "Look at the disk and at PostgreSQL's log now, and keep all backups" in text
    assert "REINDEX" not in text


def test_an_index_can_be_rebuilt() -> None:
    text = words(Server(Catalog()), [DamagedPages("base/16384/16402", [[3, 3]])])
    assert "block 3 of index trauma.case_pkey" in text
    assert "rebuild an index with REINDEX INDEX CONCURRENTLY" in text


def test_a_server_that_is_away_leaves_the_file(runner: Any) -> None:
    runner.on("psql", err="could not connect", status=2)
    assert "block 7 of a relation that the server cannot name (base/16384/16397)" in words(
        Server(runner), [DamagedPages("base/16384/16397", [[7, 7]])]
    )
