"""The drill of files: what came back is compared with what went in, and nothing of it stays."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.command import Completed
from ansible_collections.traumalink.ops.plugins.module_utils.drill_scratch import Scratch
from ansible_collections.traumalink.ops.plugins.module_utils.file_drill import FileDrilling
from ansible_collections.traumalink.ops.plugins.module_utils.file_proof import FileProof
from ansible_collections.traumalink.ops.plugins.module_utils.restic import Restic
from backup_samples import NOW

ME = pwd.getpwuid(os.geteuid()).pw_name
GIB = 1024**3


def proof(host: str, files: int = 2, size: int = 9) -> FileProof:
    """Return what was seen of a backup of two files with nine bytes."""
    return FileProof(host, f"of-{host}", NOW, files, size)


@pytest.fixture
def drilling(reachable: Path) -> Callable[..., FileDrilling]:
    """Give a drill whose restic lays two files and a link down, but nothing of a host that is broken."""
    (reachable / "proc").mkdir()
    asked: list[list[str]] = []

    def restic(argv: Any, **options: Any) -> Completed:
        asked.append(list(argv))
        if options["environment"]["RESTIC_REPOSITORY"].endswith("/broken"):
            return Completed(argv, 1, "", "Fatal: pack is damaged")
        target = Path(next(word for word in argv if word.startswith("--target=")).removeprefix("--target="))
        (target / "srv").mkdir()
        (target / "srv" / "a").write_text("1234")
        (target / "srv" / "b").write_text("12345")
        (target / "srv" / "link").symlink_to("a")
        return Completed(argv, 0, "", "")

    def make(*proofs: FileProof, free: int = GIB) -> FileDrilling:
        scratch = Scratch(reachable, ME, free=lambda _path: free, processes=reachable / "proc")
        ticks = iter(range(100))
        found = FileDrilling(
            scratch,
            lambda host: Restic(restic, f"rest:https://ops1/{host}", "p"),
            {each.host: each for each in proofs},
            NOW,
            lambda: float(next(ticks)),
        )
        object.__setattr__(found, "asked", asked)
        return found

    return make


def test_each_host_comes_back_is_compared_and_is_removed(drilling: Any) -> None:
    drill = drilling(proof("app1"), proof("app2"))
    results = drill.run(["app1", "app2"])
    assert [(each.host, each.snapshot, each.outcome, each.files, each.bytes, each.seconds) for each in results] == [
        ("app1", "of-app1", "success", 2, 9, 1.0),
        ("app2", "of-app2", "success", 2, 9, 1.0),
    ]
    assert not drill.scratch.root.exists()
    assert {"restore", "of-app1", "--verify", "--no-lock"} <= set(drill.asked[0])


@pytest.mark.parametrize(
    ("sample", "free", "said"),
    [
        (proof("app1", files=3), GIB, "2 files with 9 bytes came back, 3 with 9 bytes went in"),
        (proof("app1", size=10), GIB, "2 files with 9 bytes came back, 2 with 10 bytes went in"),
        (proof("broken"), GIB, "pack is damaged"),
        (proof("app1", size=4 * GIB), GIB, "has 1.0 GiB free, the drill needs 4.4 GiB"),
    ],
)
def test_what_is_not_as_it_was_fails_and_keeps_no_other_from_its_turn(
    drilling: Any, sample: FileProof, free: int, said: str
) -> None:
    drill = drilling(sample, proof("app2"), free=free)
    first, second = drill.run([sample.host, "app2"])
    assert first.outcome == "failed"
    assert said in first.reason
    assert second.outcome == "success"
    assert not drill.scratch.root.exists()


def test_a_host_without_a_backup_fails_by_itself_and_keeps_no_other_from_its_turn(drilling: Any) -> None:
    drill = drilling(proof("app2"))
    results = drill.run(["app1", "app2", "edge1"])
    assert [(each.host, each.snapshot, each.outcome) for each in results] == [
        ("app1", "", "failed"),
        ("app2", "of-app2", "success"),
        ("edge1", "", "failed"),
    ]
    assert results[0].reason == "there is no backup of its files that counts; run traumalink.ops.backup_files"
    assert len(drill.asked) == 1
