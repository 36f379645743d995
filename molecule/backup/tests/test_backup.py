"""A repository that is encrypted, reached over TLS by the other end alone, and that takes backups which are really in it."""

import json
import re
import subprocess

from flows import address, at, converge, install, play, sql
from operations import last_record
from site_access import reported

REPOSITORY = "/var/lib/pgbackrest"
PROOFS = "/var/lib/traumalink-backup/proofs"
VAULT = "/srv/vault"


def info():
    """Give what the repository says of itself."""
    return json.loads(at("ops1").check_output("runuser -u pgbackrest -- pgbackrest info --output=json"))[0]


def backup(kind, *arguments):
    """Take a backup by the playbook; return what it reports."""
    run = play(
        "backup", "-e", f"backup_type={kind}", *arguments,
        ANSIBLE_SHOW_CUSTOM_STATS="true", ANSIBLE_CALLBACK_RESULT_FORMAT="json",
    )  # fmt: skip
    assert run.succeeded, run.output[-3000:]
    return reported(run.output)["backup"]


def again():
    """Converge once more, on the hosts that backups need."""
    return converge("--limit", "db:ops")


def test_an_empty_database_is_refused_where_the_repository_knows_one():
    # On a fresh lab without any backup as well; a person with a disk that is not mounted is in the same place.
    run = play("site", "-e", "backup_data_directory=/srv/not_mounted")
    assert run.status != 0
    assert run.says("db1 has no data in /srv/not_mounted, but the repository on ops1"), run.output[-2000:]
    assert run.says("an empty database would take its place")
    assert run.says("backup_loss_confirm=lab" if not info()["backup"] else "Bring it back with traumalink.ops.restore")
    assert run.changed == {}


def test_a_full_and_an_incremental_backup_are_in_the_repository_as_reported():
    full = backup("full")
    assert re.fullmatch(r"\d{8}-\d{6}F", full["label"])
    assert full["type"] == "full"
    assert full["checksum_errors"] is False
    sql("CREATE TABLE IF NOT EXISTS filler AS SELECT generate_series(1, 1000) AS id")
    incremental = backup("auto")
    assert incremental["prior"] == full["label"], "a full one is not due"
    assert incremental["backup_bytes"] < full["backup_bytes"] == full["database_bytes"]
    known = {entry["label"]: entry for entry in info()["backup"]}
    for taken in (full, incremental):
        assert known[taken["label"]]["archive"] == {"start": taken["wal_start"], "stop": taken["wal_stop"]}
        found = at("ops1").check_output(f"find {REPOSITORY}/backup/lab/{taken['label']} -type f | wc -l")
        assert int(found) > 0
        assert int(at("ops1").check_output(f"find {REPOSITORY}/archive/lab -name '{taken['wal_stop']}-*' | wc -l")) == 1
    sql("DROP TABLE filler")


def test_the_record_carries_what_was_seen_of_the_last_backup():
    record, taken = last_record(), info()["backup"][-1]
    assert (record["verb"], record["outcome"]) == ("backup", "success")
    figures = record["figures"]
    assert figures["label"] == taken["label"]
    assert 0 < figures["backup_bytes"] < figures["database_bytes"]
    assert figures["repository_free_bytes"] > 0
    assert figures["wal_start"] <= figures["wal_stop"] <= figures["proven_to"]
    assert "no second copy of the repository" in figures["warnings"]
    # The proof is an artefact of the record, and says of both rows and the sums where they are.
    (artefact,) = record["artefacts"]
    assert artefact["name"] == f"{PROOFS}/{taken['label']}.json"
    assert at("ops1").check_output(f"sha256sum {artefact['name']}").split()[0] == artefact["sha256"]
    assert at("ops1").check_output(f"stat -c '%U %G %a' {artefact['name']}") == "pgbackrest pgbackrest 640"
    proof = json.loads(at("ops1").file(artefact["name"]).content_string)
    for moment, canary in proof["canaries"].items():
        assert sql(f"SELECT moment FROM traumalink.canary WHERE id = {canary['id']}", "traumalink_canary") == moment
    content = next(entry for entry in proof["content"] if entry["database"] == "postgres")
    assert content["tables"]["public.filler"]["rows"] == 1000
    assert figures["content_rows"] >= 1000
    beyond = at("ops1").check_output(f"find {REPOSITORY}/archive/lab -name '{proof['proven_to']}-*' | wc -l")
    assert int(beyond) == 1


def test_a_page_that_is_damaged_in_the_database_fails_the_backup_by_its_relation_and_block():
    # Nothing may be left to write to its pages: the server would write over the damage.
    sql("CREATE TABLE victim (id int, text text) WITH (autovacuum_enabled = false)")
    sql("INSERT INTO victim SELECT id, repeat('x', 500) FROM generate_series(1, 200) AS id")
    sql("VACUUM (FREEZE) victim")
    sql("CHECKPOINT")
    path = f"{sql('SHOW data_directory')}/{sql('SELECT pg_relation_filepath($$victim$$)')}"
    at("db1").check_output(f"printf XXXX | dd of={path} bs=1 seek={3 * 8192 + 4000} conv=notrunc 2>&1 && echo done")
    try:
        run = play("backup", "-e", "backup_type=incr")
    finally:
        sql("DROP TABLE victim")
    assert run.status != 0
    assert run.says("block 3 of table public.victim in database postgres"), run.output[-2000:]
    record = last_record()
    assert record["outcome"] == "failed"
    assert "holds pages with wrong checksums" in record["reason"]
    assert "block 3 of table public.victim in database postgres" in record["reason"]


# Takes away, after the backup has ended well, the segment that the newest set needs; leaves its name.
THIEF = rf"""
backup() {{ pgrep -u pgbackrest -f '^(/usr/bin/)?pgbackrest --stanza=lab .*[b]ackup$' >/dev/null; }}
until backup; do sleep 0.05; done
while backup; do sleep 0.05; done
stop=$(runuser -u pgbackrest -- pgbackrest info --output=json | grep -o '"stop":"[0-9A-F]\{{24\}}"' | tail -n 1 | cut -d'"' -f4)
file=$(find {REPOSITORY}/archive/lab -name "$stop-*")
mv "$file" /run/stolen && echo "$file" >/run/stolen.name
"""


def test_a_segment_that_is_missing_in_the_sets_range_fails_the_backup_by_its_name():
    at("ops1").run("systemd-run --quiet --collect --unit=thief sh -c %s", THIEF)
    try:
        run = play("backup", "-e", "backup_type=incr", "-e", "backup_archive_wait_seconds=2")
    finally:
        stolen = at("ops1").check_output('mv /run/stolen "$(cat /run/stolen.name)" && cat /run/stolen.name')
    segment = stolen.rsplit("/", 1)[1][:24]
    assert run.status != 0
    assert run.says(f"does not count: WAL segment {segment} is missing in the repository, which backup"), run.output[
        -2000:
    ]
    record = last_record()
    assert record["outcome"] == "failed"
    assert segment in record["reason"]
    newest = info()["backup"][-1]["label"]
    assert not at("ops1").file(f"{PROOFS}/{newest}.json").exists, "nothing is proven of it"


def test_beside_a_backup_that_runs_a_second_one_is_refused_by_name_and_a_deployment_is_not_disturbed():
    # As a unit: a shell or runuser between would be stopped along with it, and would not go on along with it.
    start = "systemd-run --quiet --collect --uid=pgbackrest --unit=stopped-backup pgbackrest --stanza=lab --type=full backup;"
    # Stopped in the middle, it keeps its lock until it may go on.
    stop = "for _ in $(seq 1200); do pid=$(pgrep -o -u pgbackrest -f '^(/usr/bin/)?pgbackrest --stanza=lab --type=full backup'); "
    stop += '[ -s /run/pgbackrest/lab-backup.lock ] && [ -n "$pid" ] && kill -STOP $pid && echo $pid && exit 0; sleep 0.02; done; exit 1'
    process = at("ops1").check_output(f"{start} {stop}")
    try:
        second = play("backup", "-e", "backup_type=incr")
        deployment = again()
    finally:
        at("ops1").check_output(
            f"kill -CONT {process}; while kill -0 {process} 2>/dev/null; do sleep 0.2; done; echo done"
        )
    assert second.status != 0
    assert second.says(f"another backup still runs (process {process}); wait until it has ended, and run again"), (
        second.output[-2000:]
    )
    assert deployment.succeeded, deployment.output[-2000:]
    assert deployment.changed == {}


def test_a_backup_whose_wal_does_not_arrive_says_why():
    # Without its server the repository takes no WAL; the short wait stands where the next converge removes it.
    at("ops1").check_output(
        "sed -i '/^start-fast/a archive-timeout=10' /etc/pgbackrest/pgbackrest.conf && systemctl stop pgbackrest && echo done"
    )
    try:
        run = play("backup", "-e", "backup_type=full")
    finally:
        assert again().changed == {"ops1": 2}
    assert run.status != 0
    assert run.says(
        "was not archived before the 10000ms timeout. The repository's file system (/var/lib/pgbackrest) has"
    )
    assert run.says("On db1: PostgreSQL "), run.output[-2000:]
    assert run.says("WAL segments wait there, and go by themselves once the cause is gone"), run.output[-2000:]


def test_nothing_in_the_repository_can_be_read_without_the_passphrase():
    files = f"find {REPOSITORY}/archive {REPOSITORY}/backup -type f"
    assert int(at("ops1").check_output(f"{files} | wc -l")) > 10
    readable = files + ' -exec sh -c \'head -c 8 "$1" | grep -aq ^Salted__ || echo "$1"\' _ {} \\;'
    assert at("ops1").check_output(readable) == ""
    without = f"env PGBACKREST_REPO1_PATH={REPOSITORY} pgbackrest --no-config --stanza=lab info --output=json"
    stolen = at("ops1").run(f"{without} | tr -cd '[:print:]'")
    assert stolen.stdout
    assert '"label"' not in stolen.stdout


def test_the_repository_belongs_to_a_system_user_of_its_own():
    folder = at("ops1").file(REPOSITORY)
    assert (folder.user, folder.group, folder.mode) == ("pgbackrest", "pgbackrest", 0o750)
    assert at("ops1").user("pgbackrest").shell == "/usr/sbin/nologin"
    configuration = at("ops1").file("/etc/pgbackrest/pgbackrest.conf")
    assert (configuration.user, configuration.group, configuration.mode) == ("pgbackrest", "pgbackrest", 0o400)


def test_the_passphrase_is_not_on_the_database_host():
    passphrase = at("ops1").check_output("sed -n 's/^repo1-cipher-pass=//p' /etc/pgbackrest/pgbackrest.conf")
    assert len(passphrase) >= 20
    assert at("db1").run("grep -rlsaF -- %s /etc /var/lib/postgresql /var/spool/pgbackrest", passphrase).stdout == ""


def test_the_servers_listen_on_the_sites_address_and_admit_only_the_other_end():
    for name in ("db1", "ops1"):
        assert at(name).check_output("ss -Hltn 'sport = :8432' | awk '{print $4}'").split() == [f"{address(name)}:8432"]
    # Another host of the site has a certificate of the same authority, and still is not the other end.
    install("app1", "pgbackrest")
    # As root, pgBackRest wants a key that root alone may read.
    own_key = "/run/own.key"
    options = {
        "host": address("ops1"),
        "host-type": "tls",
        "host-port": "8432",
        "host-ca-file": "/etc/traumalink/tls/ca.crt",
    }
    options |= {"host-cert-file": "/etc/traumalink/tls/host.crt", "host-key-file": own_key}
    ask = "pgbackrest --no-config --stanza=lab info " + " ".join(
        f"--repo1-{name}={value}" for name, value in options.items()
    )
    ask = f"install -m 0600 /etc/traumalink/tls/host.key {own_key} && {ask}; rm -f {own_key}"
    assert "access denied" in at("app1").check_output(ask)
    assert "status: ok" in at("db1").check_output(ask)
    at("app1").check_output("apt-get -qq purge -y pgbackrest postgresql-common >/dev/null 2>&1; echo done")


def test_the_servers_are_sandboxed():
    for name in ("db1", "ops1"):
        shown = at(name).check_output("systemctl show pgbackrest -p User,ProtectSystem,NoNewPrivileges,ActiveState")
        user = "pgbackrest" if name == "ops1" else "postgres"
        assert set(shown.split()) == {
            f"User={user}",
            "ProtectSystem=strict",
            "NoNewPrivileges=yes",
            "ActiveState=active",
        }


def test_wal_arrives_by_itself():
    sql("CREATE TABLE IF NOT EXISTS tick AS SELECT now() AS at")
    wanted = sql("SELECT pg_walfile_name(pg_current_wal_lsn())")
    sql("DROP TABLE tick")
    found = at("ops1").run(
        f"for _ in $(seq 90); do find {REPOSITORY}/archive/lab -name '{wanted}*' | grep -q . && exit 0; sleep 1; done; exit 1"
    )
    assert found.rc == 0, f"{wanted} is not in the repository after 90 s"


def test_a_wrong_passphrase_is_refused_before_anything_changes():
    before = at("ops1").check_output("sha256sum /etc/pgbackrest/pgbackrest.conf")
    run = play("site", "-e", "backup_cipher_passphrase=not-the-one-that-opens-this")
    assert run.status != 0
    assert run.says("the passphrase does not open this repository; give the vault password"), run.output[-2000:]
    assert run.changed == {}
    assert at("ops1").check_output("sha256sum /etc/pgbackrest/pgbackrest.conf") == before


def test_a_run_that_was_killed_between_writing_and_restarting_is_made_good():
    # What the server has read is another text than its file: so a killed run leaves it.
    at("ops1").check_output("sed -i 's/ .*/ 0000/' /run/traumalink/pgbackrest.service.loaded && echo done")
    before = at("ops1").check_output("systemctl show -p InvocationID pgbackrest")
    assert again().changed == {"ops1": 1}
    assert at("ops1").check_output("systemctl show -p InvocationID pgbackrest") != before
    assert again().changed == {}


def test_the_vault_holds_sets_and_wal_and_refuses_what_was_changed():
    taken = backup("incr", "-e", f"backup_vault_path={VAULT}")
    assert taken["vault_files"] > 10
    assert "no second copy" not in taken.get("warnings", "")
    look = "pgbackrest --config=/etc/pgbackrest/vault.conf --stanza=lab info --output=json"
    kept = {entry["label"] for entry in json.loads(at("ops1").check_output(look))[0]["backup"]}
    assert kept >= {entry["label"] for entry in info()["backup"]}
    assert at("ops1").run(f"runuser -u pgbackrest -- touch {VAULT}/backup/lab/backup.info").rc != 0
    # Each minute the timer starts what brings new WAL.
    assert at("ops1").service("traumalink-vault.timer").is_running
    wanted = sql("SELECT pg_walfile_name(pg_switch_wal())")
    found = "for _ in $(seq 180); do find {place}/archive/lab -name '{wanted}-*' | grep -q . && exit 0; sleep 0.5; done; exit 1"
    assert at("ops1").run(found.format(place=REPOSITORY, wanted=wanted)).rc == 0
    at("ops1").check_output("systemctl start traumalink-vault.service && echo done")
    assert at("ops1").run(found.format(place=VAULT, wanted=wanted)).rc == 0, f"{wanted} is not in the vault"
    bundle = at("ops1").check_output(f"find {REPOSITORY}/backup/lab/{taken['label']} -path '*/bundle/1'")
    copy = bundle.replace(REPOSITORY, VAULT)
    before = at("ops1").check_output(f"sha256sum <{copy}")
    at("ops1").check_output(
        f"cp -p {bundle} /run/bundle && printf XXXX | dd of={bundle} bs=1 seek=1000 conv=notrunc 2>&1"
    )
    run = subprocess.run(
        ["ansible", "ops1", "-b", "-m", "traumalink.ops.backup_vault"], capture_output=True, text=True, check=False
    )
    at("ops1").check_output(f"cp -p /run/bundle {bundle} && echo done")
    assert run.returncode != 0
    assert f"{bundle} in the repository changed since copied into {VAULT}" in run.stdout, run.stdout
    assert at("ops1").check_output(f"sha256sum <{copy}") == before
    assert (
        "changed since"
        in json.loads(at("ops1").file("/var/lib/traumalink-backup/vault.json").content_string)["problem"]
    )
