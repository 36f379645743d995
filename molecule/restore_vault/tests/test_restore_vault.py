"""The database's host and ops are lost together: the vault brings everything back that it holds, and a new ops host goes on from it.

Last of all flows: it destroys ops, and leaves a site with a new one.
"""

import json
import subprocess

import pytest
from flows import LAB, SCENARIO, at, lab, play, reach, sql
from operations import last_record
from secret_watch import value
from site_access import reported

NAS, VAULT, AWAY = "/mnt/nas/pgbackrest", "/srv/vault", "/srv/nas"
ENVIRONMENT = {"ANSIBLE_SHOW_CUSTOM_STATS": "true", "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}
GIVEN = ("-e", "restore_confirm=lab", "-e", f"restore_vault_path={NAS}")
MOUNT = "mkdir -p {0} && mountpoint -q {0} || mount -t tmpfs -o size=1g none {0}; echo done"
FILES = "find {} -type f -printf '%P %s %T@ %U %m\\n' | sort"


def carry(source, source_host, target, target_host):
    """Copy the vault from where it is mounted to where it is mounted next, with owners and times, as moving a NAS does."""
    at(target_host).check_output(MOUNT.format(target))
    with subprocess.Popen(
        reach(source_host, f"tar -C {source} --numeric-owner -cf - ."), stdout=subprocess.PIPE
    ) as giving:
        subprocess.run(reach(target_host, f"tar -C {target} --numeric-owner -xpf -"), stdin=giving.stdout, check=True)
    assert giving.returncode == 0


def sums():
    """Give what a table of the application's database holds."""
    return sql("SELECT count(*), sum(hashtextextended(t::text, 0)) FROM tale t", "trauma")


@pytest.fixture(scope="module", autouse=True)
def lost():
    """Lose both hosts; what the vault does not hold is one row. Give the sums that it does hold."""
    at("ops1").check_output(MOUNT.format(VAULT))
    run = play(SCENARIO / "resources" / "second_copy.yml", "-e", f"backup_vault_path={VAULT}")
    assert run.succeeded, run.output[-3000:]
    assert play("backup", "-e", f"backup_vault_path={VAULT}").succeeded
    sql("CREATE TABLE IF NOT EXISTS public.tale (id int); INSERT INTO tale SELECT generate_series(1, 1000)", "trauma")
    wanted = sql("SELECT pg_walfile_name(pg_switch_wal())")
    held = "for _ in $(seq 300); do systemctl start traumalink-vault.service; find {} -name '{}-*' | grep -q . && exit; sleep 0.2; done; exit 1"
    assert at("ops1").run(held.format(VAULT, wanted)).rc == 0, "the vault does not follow"
    known = sums()
    at("ops1").check_output("systemctl stop traumalink-vault.timer pgbackrest && echo done")
    sql("INSERT INTO tale VALUES (1001)", "trauma")
    carry(VAULT, "ops1", AWAY, "edge1")
    lab("lose", "ops1")
    lab("lose", "db1")
    lab("up", "db1")
    carry(AWAY, "edge1", NAS, "db1")
    at("db1").check_output(f"mount -o remount,ro {NAS} && echo done")
    return known


def test_everything_that_the_vault_holds_comes_back_without_ops(lost):
    refused = play("restore", "-e", f"restore_vault_path={NAS}")
    assert refused.status != 0
    assert refused.says("-e restore_confirm=lab"), refused.output[-2000:]
    before = at("db1").check_output(FILES.format(NAS))
    run = play("restore", *GIVEN, **ENVIRONMENT)
    assert run.succeeded, run.output[-4000:]
    assert run.says("lab has NO BACKUP of what came back: without ops1 none can be taken")
    assert run.says("the restore goes on without the ledger, and its record stays on this controller")
    assert sums() == lost
    assert lost.startswith("1000|")
    assert sql("SELECT pg_is_in_recovery()") == "f"
    assert at("db1").check_output(FILES.format(NAS)) == before, "the vault is as it was"
    for left in ("/etc/pgbackrest/vault-server.conf", "/etc/systemd/system/traumalink-vault-server.service"):
        assert not at("db1").file(left).exists
    kept = [json.loads(line) for line in (LAB / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    assert (kept[-1]["verb"], kept[-1]["outcome"]) == ("restore", "success")
    assert kept[-1]["figures"]["source"] == f"vault {NAS}"
    assert value("backup_cipher_passphrase") not in run.output


def test_wal_waits_for_a_new_ops_host():
    sql("SELECT pg_switch_wal()")
    assert sql("SHOW archive_mode") == "on"
    assert int(at("db1").check_output("ls /var/lib/postgresql/*/main/pg_wal/archive_status | grep -c ready")) > 0


def test_a_new_ops_host_goes_on_from_the_vault():
    lab("up", "ops1")
    carry(AWAY, "edge1", VAULT, "ops1")
    forgotten = play("site", "-e", f"backup_vault_path={VAULT}")
    assert forgotten.status != 0
    assert forgotten.says("ledger_new=lab"), forgotten.output[-3000:]
    run = play("site", "-e", f"backup_vault_path={VAULT}", "-e", "ledger_new=lab")
    assert run.succeeded, run.output[-4000:]
    assert not (LAB / "records.jsonl").exists() or (LAB / "records.jsonl").read_text(encoding="utf-8") == ""
    taken = play("backup", "-e", "backup_type=full", "-e", f"backup_vault_path={VAULT}", **ENVIRONMENT)
    assert taken.succeeded, taken.output[-4000:]
    label = reported(taken.output)["backup"]["label"]
    for place, config in (("repository", "pgbackrest"), ("vault", "vault")):
        user = "pgbackrest" if place == "repository" else "root"
        info = json.loads(
            at("ops1").check_output(
                f"runuser -u {user} -- pgbackrest --config=/etc/pgbackrest/{config}.conf --stanza=lab info --output=json"
            )
        )
        labels = [backup["label"] for backup in info[0]["backup"]]
        assert labels[-1] == label, place
        assert len(labels) > 1, f"what the {place} held before is still known"
    assert last_record()["verb"] == "backup"
