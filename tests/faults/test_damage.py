"""What is damaged or gone in the repository is named by the check, each by its name; a drill names it too (scenario drill)."""

import re
from contextlib import ExitStack, contextmanager

from faults import FLIP, REPOSITORY, alarms, carried_out, info, proof, proven_backup
from flows import at
from operations import last_record


@contextmanager
def gone(path):
    """Take a file away for a while."""
    at("ops1").check_output(f"mv {path} /run/gone-$(basename {path}) && echo done")
    try:
        yield
    finally:
        at("ops1").check_output(f"mv /run/gone-$(basename {path}) {path} && echo done")


@contextmanager
def changed(path):
    """Change a byte of a file for a while."""
    at("ops1").check_output("python3 -c %s %s && echo done", FLIP, path)
    try:
        yield
    finally:
        at("ops1").check_output("python3 -c %s %s && echo done", FLIP, path)


def segment_file(name):
    """Return where a segment lies."""
    return at("ops1").check_output(f"find {REPOSITORY}/archive/lab -name '{name}-*'")


def bundle(label):
    """Return where a file of a set lies that holds many of the database's."""
    return at("ops1").check_output(f"find {REPOSITORY}/backup/lab/{label}/bundle -type f | sort | head -1")


def test_the_check_names_every_file_and_segment_at_once():
    older = proven_backup()
    run = carried_out("backup", "-e", "backup_type=full")
    assert run.succeeded, run.output[-3000:]
    label = info()["backup"][-1]["label"]
    first, later = proof(label)["wal_start"], proof(label)["proven_to"]
    assert first < later
    with ExitStack() as faults:
        for fault in (
            gone(bundle(label)),
            changed(bundle(older)),
            gone(segment_file(first)),
            gone(segment_file(later)),
        ):
            faults.enter_context(fault)
        run = carried_out("backup_check", "-e", "backup_check_report=false")
    assert run.status != 0
    said = " ".join(run.output.split())
    assert re.search(rf"{label}/pg_\S+ \((file )?missing\)", said), said[-3000:]
    assert re.search(rf"{older}/pg_\S+ \(invalid checksum\)", said), said[-3000:]
    for segment in (first, later):
        assert segment in said, said[-3000:]
    assert last_record()["outcome"] == "failed"
    assert alarms() == set(), "all is as it was"
