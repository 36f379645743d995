"""Silence is noticed: by Prometheus, by whoever waits for the sign of life, and by the check, which writes the monthly report."""

import hashlib
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flows import at, install, play, sql
from operations import last_record

STATE = "/var/lib/traumalink-backup"
REPOSITORY = "/var/lib/pgbackrest"
METRICS = "/var/lib/prometheus/node-exporter/traumalink_backup.prom"
REPORTS = "/var/lib/traumalink-reports"
# Changes one byte in the middle of a file, and changes it back when it is called again.
FLIP = "import sys; f = open(sys.argv[1], 'r+b'); n = f.seek(0, 2) // 2; f.seek(n); b = f.read(1)[0]; f.seek(n); f.write(bytes([b ^ 1]))"


@pytest.fixture(scope="module", autouse=True)
def label():
    """Take a backup, and say of it that a drill has brought it back in 93 seconds; give its label."""
    sql("CREATE TABLE IF NOT EXISTS watched AS SELECT generate_series(1, 500) AS id")
    run = play("backup", "-e", "backup_type=full")
    assert run.succeeded, run.output[-3000:]
    label = last_record()["figures"]["label"]
    drilled = {
        "label": label, "drilled_at": datetime.now(UTC).isoformat(timespec="seconds"), "outcome": "success", "reason": "", "seconds": 93.0,
        "checks": [], "proof_compared": True,
    }  # fmt: skip
    at("ops1").check_output(f"install -d -o pgbackrest -g pgbackrest -m 0750 {STATE}/drills && rm -f {STATE}/drills/*")
    at("ops1").check_output(
        f"printf %%s %s >{STATE}/drills/{label}.json && chown pgbackrest: {STATE}/drills/{label}.json",
        json.dumps(drilled),
    )
    yield label
    at("ops1").check_output(f"rm -f {STATE}/drills/{label}.json")


@pytest.fixture(scope="module", autouse=True)
def monitoring():
    """Give how often the hospital's monitoring on another host was asked; without it the watch itself fails, and says so."""
    at("edge1").check_output("mkdir -p /run/monitoring && echo well >/run/monitoring/beat")
    serve = "python3 -m http.server --directory /run/monitoring 8099"
    at("edge1").check_output(f"systemd-run --quiet --collect --unit=monitoring {serve}")
    at("edge1").check_output(
        "for _ in $(seq 50); do ss -Hltn 'sport = :8099' | grep -q . && exit 0; sleep 0.1; done; exit 1"
    )
    yield lambda: at("edge1").check_output("journalctl -u monitoring -o cat | grep -c 'GET /beat' || true")
    at("edge1").run("systemctl stop monitoring; rm -r /run/monitoring")


def watch():
    """Look now, as the timer does; return the metrics by name and labels."""
    at("ops1").check_output("systemctl start traumalink-backup-watch.service && echo done")
    lines = at("ops1").file(METRICS).content_string.splitlines()
    return {
        name.removeprefix("traumalink_backup_"): float(value)
        for name, _, value in (line.rpartition(" ") for line in lines if not line.startswith("#"))
    }


def check(*arguments):
    """Run the check and return it with its record."""
    run = play("backup_check", *arguments)
    record = last_record()
    assert record["verb"] == "backup_check"
    return run, record


def test_metrics_are_written_each_minute_by_a_user_of_no_power(label):
    told = watch()
    now = float(at("ops1").check_output("date +%s"))
    assert now - told['checked_timestamp_seconds{site="lab"}'] < 30
    assert now - told['last_success_timestamp_seconds{site="lab"}'] < 600
    assert now - told['last_wal_timestamp_seconds{site="lab"}'] < 600
    assert now - told['last_drill_timestamp_seconds{site="lab"}'] < 600
    assert told['findings{site="lab",severity="critical"}'] == 0
    assert told['repository_free_bytes{site="lab"}'] > 0
    for name in ("host.crt", "ca.crt", "db1:8432"):
        assert told[f'certificate_end_timestamp_seconds{{site="lab",certificate="{name}"}}'] > now + 86400 * 300
    file = at("ops1").file(METRICS)
    assert (file.user, file.mode) == ("pgbackrest", 0o644)
    timer = at("ops1").check_output("systemctl show traumalink-backup-watch.timer -p ActiveState,UnitFileState")
    assert set(timer.split()) == {"ActiveState=active", "UnitFileState=enabled"}
    settings = at("ops1").file("/etc/traumalink/backup_watch.json")
    assert (settings.user, settings.group, settings.mode) == ("pgbackrest", "pgbackrest", 0o400)


def test_the_sign_of_life_stops_when_something_is_critical(label, monitoring):
    before = int(monitoring())
    watch()
    assert int(monitoring()) > before
    at("ops1").check_output(f"mkdir /run/aside && mv {STATE}/proofs/* /run/aside && echo done")
    try:
        before = int(monitoring())
        told = watch()
        assert told['finding{site="lab",code="no_backup",severity="critical"}'] == 1
        assert int(monitoring()) == before
    finally:
        at("ops1").check_output(f"mv /run/aside/* {STATE}/proofs/ && rmdir /run/aside && echo done")


def test_the_report_is_kept_with_its_hash_and_comes_to_the_controller(label, tmp_path):
    run, record = check("-e", f"backup_check_fetch_to={tmp_path}")
    assert run.succeeded, run.output[-3000:]
    assert record["outcome"] == "success"
    figures = record["figures"]
    assert (figures["last_success"], figures["findings_critical"], figures["findings_warning"]) == (label, 0, 0)
    assert figures["days_backed_up"] >= 1
    assert figures["restore_estimate_seconds"] >= 93
    names = [Path(artefact["name"]) for artefact in record["artefacts"]]
    assert [name.suffix for name in names] == [".html", ".pdf", ".html", ".pdf"]
    for artefact in record["artefacts"]:
        name = Path(artefact["name"])
        assert str(name).startswith(f"{REPORTS}/backup/{figures['month']}/")
        assert record["run_id"] in name.name
        assert at("ops1").check_output(f"sha256sum {name}").split()[0] == artefact["sha256"]
        assert hashlib.sha256((tmp_path / name.name).read_bytes()).hexdigest() == artefact["sha256"]
    english = (tmp_path / names[2].name).read_text()
    assert label in english
    assert "The backups are well; no problem was found" in english
    assert "<svg" in english


def test_the_pdf_gives_its_chinese_back_and_carries_its_font():
    install("ops1", "poppler-utils")
    file = at("ops1").check_output(f"ls -t {REPORTS}/backup/*/*-zh.pdf | head -n 1")
    text = at("ops1").check_output(f"pdftotext -layout {file} -")
    assert "备份月报" in text
    assert "备份可用，未发现问题" in text.replace(" ", "")
    assert "1分33秒" in text
    fonts = at("ops1").check_output(f"pdffonts {file}").splitlines()[2:]
    assert any("WenQuanYi" in font for font in fonts)
    assert all(re.search(r"\s(yes)\s+(yes|no)\s+(yes|no)\s+\d+\s+\d+$", font) for font in fonts), fonts


def test_a_changed_byte_and_a_missing_segment_fail_the_check_by_their_names(label):
    bundle = at("ops1").check_output(f"find {REPOSITORY}/backup/lab/{label} -path '*/bundle/1'")
    stop = at("ops1").check_output(f'grep -o \'"wal_stop": "[0-9A-F]*"\' {STATE}/proofs/{label}.json | cut -d\'"\' -f4')
    segment = at("ops1").check_output(f"find {REPOSITORY}/archive/lab -name '{stop}-*'")
    at("ops1").check_output("python3 -c %s %s && mv %s /run/stolen && echo done", FLIP, bundle, segment)
    try:
        run, record = check()
        told = watch()
    finally:
        at("ops1").check_output("python3 -c %s %s && mv /run/stolen %s && echo done", FLIP, bundle, segment)
    assert run.status != 0
    # The engine names the file that lies in the bundle.
    assert run.says(f"damaged or gone: {label}/pg_"), run.output[-3000:]
    assert run.says(f"backup {label} cannot be restored: WAL segment {stop} is missing")
    assert (record["outcome"], record["figures"]["findings_critical"]) == ("failed", 2)
    assert len(record["artefacts"]) == 4, "what was found is reported all the same"
    assert told['finding{site="lab",code="set_broken",severity="critical"}'] == 1
    assert watch()['findings{site="lab",severity="critical"}'] == 0


def test_archiving_that_has_stopped_is_told_and_the_database_is_not_filled_with_questions():
    """The newest WAL is made old; the database's end cannot answer."""
    archive = f"find {REPOSITORY}/archive/lab -type f -name '0*-*'"
    at("ops1").check_output(
        f"{archive} -exec touch -d '40 minutes ago' {{}} + && systemctl stop pgbackrest && echo done"
    )
    before = sql("SELECT pg_current_wal_lsn()")
    try:
        first, second = watch(), watch()
    finally:
        at("ops1").check_output(f"systemctl start pgbackrest && rm -f {STATE}/archive_probe.json && echo done")
    for told in (first, second):
        assert told['finding{site="lab",code="wal_late",severity="critical"}'] == 1
    switched = sql(f"SELECT (pg_current_wal_lsn() - '{before}') / 16777216")
    assert float(switched) <= 2, "one question, one segment"
    # The archive answers again: the watch asks by itself, and the newest WAL is new.
    assert 'finding{site="lab",code="wal_late",severity="critical"}' not in watch()


def test_a_month_that_is_none_is_refused_before_anything():
    run, record = check("-e", "backup_check_month=2026-13")
    assert run.status != 0
    assert run.says("backup_check_month 2026-13 must be a year and a month such as 2026-11")
    assert record["outcome"] == "refused"
