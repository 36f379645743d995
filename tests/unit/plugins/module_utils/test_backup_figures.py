"""The figures of a backup in its record."""

from __future__ import annotations

from ansible_collections.traumalink.ops.plugins.module_utils.backup_figures import days_until_full, figures
from ansible_collections.traumalink.ops.plugins.module_utils.backup_judgement import Evidence, proof_of
from backup_samples import NOW, archive, full, observed, proof, proofs, stanza

EVIDENCE = Evidence(stanza(full()), archive(5, 6, 7), full().label, observed(), {})


def test_the_figures_tell_sizes_ranges_rows_and_room() -> None:
    found = figures(full(), proof_of(EVIDENCE, NOW, 4000), proofs(proof(4)))
    assert found["label"] == full().label
    assert (found["database_bytes"], found["seconds"], found["checksum_errors"]) == (1000, 9, False)
    assert (found["wal_start"], found["proven_to"]) == ("000000010000000000000005", "000000010000000000000007")
    assert (found["canary_during_lsn"], found["canary_after_lsn"]) == ("0/5000200", "0/7000300")
    assert (found["content_databases"], found["content_tables"], found["content_rows"]) == (1, 2, 7)
    assert found["content_lsn"] == "0/7000200"
    assert (found["repository_free_bytes"], found["days_until_full"]) == (4000, 16.0), "a thousand bytes in four days"
    assert "prior" not in found, "a full set builds on none"


def test_where_nobody_can_tell_yet_how_it_fills_nothing_is_guessed() -> None:
    now = proof(0, repository_free_bytes=4000)
    assert days_until_full(now, {}) is None
    assert days_until_full(now, proofs(proof(0.5))) is None, "hours say nothing of days"
    assert days_until_full(now, proofs(proof(3, repository_free_bytes=0))) is None, "it was not measured then"
    assert days_until_full(now, proofs(proof(3, repository_free_bytes=3000))) is None, "it has more room than before"


def test_the_longest_time_that_is_known_counts() -> None:
    now = proof(0, repository_free_bytes=4000)
    assert days_until_full(now, proofs(proof(8), proof(2, repository_free_bytes=4001))) == 32.0
    assert "days_until_full" not in figures(full(), now, {})
