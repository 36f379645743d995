"""What a drill sets out to do: which set, how far, where it pauses; and that it does not set out across a gap."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.backup_proof import Canary, Content, Proof, Table
from ansible_collections.traumalink.ops.plugins.module_utils.drill_plan import (
    PlanError,
    chosen_set,
    plan,
    whole_archive,
)
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest import Backup, Stanza
from ansible_collections.traumalink.ops.plugins.module_utils.wal import segment_name
from ansible_collections.traumalink.ops.plugins.module_utils.wal_archive import (
    Archived,
    History,
    WalArchive,
    parse_history,
)

AT = datetime(2026, 11, 25, 3, 30, tzinfo=UTC)
GIB = 1024**3


def segment(number: int, timeline: int = 1) -> str:
    return segment_name(timeline, number)


def backup(first: int = 5, last: int = 6, timeline: int = 1, label: str = "20261123-013700F") -> Backup:
    return Backup(
        label, "full", None, "", "", 2, "", "", segment(first, timeline), segment(last, timeline), 10 * GIB, 10 * GIB, GIB, False
    )  # fmt: skip


def archive(*held: tuple[int, Iterable[int]], histories: tuple[History, ...] = ()) -> WalArchive:
    """Return an archive that holds these segments of these timelines."""
    names = [segment(number, timeline) for timeline, numbers in held for number in numbers]
    return WalArchive(
        {name: Archived(name, 1000, AT, f"sha-{name}") for name in names}, {each.timeline: each for each in histories}
    )


def proof(proven_to: int = 8, content: tuple[Content, ...] = ()) -> Proof:
    canary = Canary(7, "0/8000100")
    return Proof(
        "20261123-013700F",
        "full",
        AT,
        1,
        canary,
        canary,
        content,
        700,
        1,
        segment(5),
        segment(6),
        segment(proven_to),
        1,
        1,
    )


def content(database: str, lsn: str) -> Content:
    return Content(database, lsn, {"public.a": Table(1, "5")})


def stanza(*backups: Backup) -> Stanza:
    return Stanza("lab", 0, "ok", 7, None, None, backups, "15-1")


SECOND = parse_history(2, "1\t0/7A00028\tno recovery target specified\n")


def test_takes_the_newest_set_or_the_one_that_is_named() -> None:
    first, second = backup(), backup(label="20261124-013700F")
    assert chosen_set(stanza(first, second), None) is second
    assert chosen_set(stanza(first, second), "20261123-013700F") is first
    with pytest.raises(
        PlanError, match="no backup 20261101-000000F of lab; there is: 20261123-013700F, 20261124-013700F"
    ):
        chosen_set(stanza(first, second), "20261101-000000F")
    with pytest.raises(PlanError, match=r"holds no backup of lab; take one with traumalink\.ops\.backup"):
        chosen_set(stanza(), None)


def test_goes_to_the_end_of_the_archive_with_the_checksums_of_its_segments() -> None:
    found = plan(backup(), archive((1, range(1, 12))), None)
    assert (found.timeline, found.last, found.pauses) == (1, segment(11), ())
    assert found.checksums[segment(9)] == f"sha-{segment(9)}"


def test_needs_room_for_the_database_a_tenth_more_and_wal() -> None:
    assert plan(backup(), archive((1, range(5, 9))), None).required_bytes == 12 * GIB


def test_pauses_where_content_was_summed_in_the_order_of_the_wal() -> None:
    contents = (content("b", "0/10000000"), content("a", "0/9000000"), content("c", "0/9000000"))
    pauses = plan(backup(), archive((1, range(5, 20))), proof(content=contents)).pauses
    assert [(pause.lsn, [each.database for each in pause.contents]) for pause in pauses] == [
        ("0/9000000", ["a", "c"]), ("0/10000000", ["b"]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("held", "words"),
    [
        (range(6, 12), f"WAL segment {segment(5)} is missing .* needs it and cannot be restored"),
        ([5, *range(7, 12)], f"WAL segment {segment(6)} is missing .* needs it and cannot be restored"),
        ([5], f"WAL segment {segment(6)} is missing .* needs it"),
        (
            [*range(5, 9), 10, 11],
            f"WAL segment {segment(9)} is missing .* ends before it, and what was committed later would be lost",
        ),
        ([5, 6, 7, 12], f"4 WAL segments are missing, {segment(8)} to {segment(11)} .* committed later would be lost"),
        ([], f"WAL segment {segment(5)} is missing in the repository, and no way leads on"),
    ],
    ids=["its first", "its last", "its end", "one behind", "several behind", "all"],
)
def test_names_the_segment_that_is_missing(held: Iterable[int], words: str) -> None:
    with pytest.raises(PlanError, match=words):
        plan(backup(), archive((1, held)), None)


def test_a_segment_that_was_proven_to_be_archived_is_missed_at_the_very_end_too() -> None:
    with pytest.raises(PlanError, match=f"WAL segment {segment(8)} is missing"):
        plan(backup(), archive((1, range(5, 8))), proof(proven_to=8))
    assert plan(backup(), archive((1, range(5, 8))), None).last == segment(7)


def test_follows_the_newest_timeline_that_came_from_the_set() -> None:
    held = archive((1, range(1, 10)), (2, range(7, 15)), histories=(SECOND,))
    assert (plan(backup(), held, None).timeline, plan(backup(), held, None).last) == (2, segment(14, 2))
    # Taken on timeline 1 after timeline 2 had left it: a restore of it cannot go there.
    late = backup(8, 8)
    assert (plan(late, held, None).timeline, plan(late, held, None).last) == (1, segment(9))


def test_a_timeline_without_its_history_leads_nowhere() -> None:
    with pytest.raises(
        PlanError, match=r"00000002\.history\) is missing in the repository: nothing can be restored along it"
    ):
        plan(backup(), archive((1, range(1, 10)), (2, range(7, 15))), None)


def test_looks_again_where_a_segment_may_still_be_under_way() -> None:
    looks = iter([archive((1, [5, 6, 8])), archive((1, [5, 6, 8])), archive((1, [5, 6, 7, 8]))])
    slept: list[float] = []
    assert whole_archive(lambda: next(looks), backup(), None, slept.append).last == segment(8)
    assert slept == [5.0, 5.0]


def test_does_not_look_for_ever() -> None:
    slept: list[float] = []
    with pytest.raises(PlanError, match=segment(7)):
        whole_archive(lambda: archive((1, [5, 6, 8])), backup(), None, slept.append)
    assert 30 <= sum(slept) <= 40
