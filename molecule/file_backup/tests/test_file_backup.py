"""Files come to ops encrypted, can be brought back, and whoever holds their host cannot spoil what it has sent."""

import json

import pytest
from flows import LAB, ROOT, SCENARIO, address, at, play
from operations import last_record

REPOSITORY = "/var/lib/traumalink-files"
OWN = f"restic --no-cache --repo {REPOSITORY}/app1 --password-file /etc/traumalink/file_backup.passphrase"
TEXT = "创伤病历 of a patient"
# Asks the server as app1 may; prints the status of the answer.
ASK = """
import http.client, ssl, sys
context = ssl.create_default_context(cafile="/etc/traumalink/tls/ca.crt")
if sys.argv[4] == "known":
    context.load_cert_chain("/etc/traumalink/tls/host.crt", "/etc/traumalink/tls/host.key")
connection = http.client.HTTPSConnection(sys.argv[1], 8434, context=context)
try:
    connection.request(sys.argv[2], sys.argv[3], body=b"spoilt" if sys.argv[2] == "POST" else None)
    print(connection.getresponse().status)
except (OSError, http.client.HTTPException) as error:
    print(type(error).__name__, error)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Give a run of the verb on a site whose inventory names app1's uploads."""
    folder = tmp_path_factory.mktemp("inventory")
    (folder / "host_vars").mkdir()
    (folder / "host_vars" / "app1.json").write_text(json.dumps({"file_backup_paths": ["/srv/uploads"]}))
    (folder / "hosts.yml").write_text("all: {}\n")
    places = (ROOT / "inventories" / "lab", LAB / "inventory", folder)
    at("app1").check_output(
        f"install -d -m 0700 /srv/uploads/2026 && printf %s '{TEXT}' >'/srv/uploads/2026/Ünï 创伤.txt' && echo done"
    )
    return lambda *arguments, playbook="backup_files": play(playbook, *arguments, inventories=places)


def ask(method, path, who="known"):
    """Ask the server on ops as app1 may."""
    return at("app1").check_output("python3 -c %s %s %s %s %s", ASK, address("ops1"), method, path, who)


def snapshots():
    """Give the ids of app1's snapshots."""
    return [each["short_id"] for each in json.loads(at("ops1").check_output(f"{OWN} snapshots --json --no-lock"))]


def test_files_come_back_as_they_were(site):
    run = site()
    assert run.succeeded, run.output[-3000:]
    record = last_record()
    assert (record["verb"], record["outcome"]) == ("backup_files", "success")
    figures = record["figures"]
    assert (figures["hosts"], figures["files"]) == (1, 1)
    assert figures["snapshots"] == f"app1 {snapshots()[-1]}"
    at("ops1").check_output(f"{OWN} restore latest --no-lock --target /run/back")
    assert at("ops1").check_output("cat '/run/back/srv/uploads/2026/Ünï 创伤.txt'") == TEXT
    at("ops1").check_output("rm -r /run/back && echo done")


def test_the_drill_brings_them_back_and_leaves_nothing(site):
    before = at("ops1").check_output(f"find {REPOSITORY} -type f -exec sha256sum {{}} + | sort")
    run = site(playbook=SCENARIO / "resources" / "drill.yml")
    assert run.succeeded, run.output[-3000:]
    kept = json.loads(at("ops1").check_output("cat /var/lib/traumalink-backup/file_drills/app1.json"))
    assert (kept["outcome"], kept["snapshot"], kept["files"], kept["bytes"]) == (
        "success",
        snapshots()[-1],
        1,
        len(TEXT.encode()),
    )
    assert at("ops1").check_output("ls -A /var/lib/traumalink-file-drill") == ""
    assert at("ops1").check_output(f"find {REPOSITORY} -type f -exec sha256sum {{}} + | sort") == before


def test_a_drill_of_files_that_are_not_as_they_were_fails_by_their_host(site):
    proof = "/var/lib/traumalink-backup/files/app1.json"
    at("ops1").check_output(f'cp {proof} /run/proof && sed -i \'s/"files": 1/"files": 2/\' {proof} && echo done')
    try:
        run = site(playbook=SCENARIO / "resources" / "drill.yml")
    finally:
        at("ops1").check_output(f"mv /run/proof {proof} && echo done")
    assert run.status != 0
    assert run.says("the drill of files failed for app1"), run.output[-2000:]
    assert run.says("1 files with"), run.output[-2000:]
    assert (
        json.loads(at("ops1").check_output("cat /var/lib/traumalink-backup/file_drills/app1.json"))["outcome"]
        == "failed"
    )


def test_nothing_can_be_read_on_ops_without_the_passphrase():
    assert at("ops1").run("grep -rlaF -- 创伤病历 %s", REPOSITORY).stdout == ""
    folder = at("ops1").file(REPOSITORY)
    assert (folder.user, folder.mode) == ("traumalink-files", 0o700)
    kept = at("ops1").file("/etc/traumalink/file_backup.passphrase")
    assert (kept.user, kept.mode) == ("root", 0o600)


def test_whoever_holds_the_host_can_neither_remove_nor_write_over():
    listing = at("ops1").check_output(f"ls {REPOSITORY}/app1/snapshots").split()
    assert listing
    for name in (f"snapshots/{listing[0]}", "config"):
        before = at("ops1").check_output(f"sha256sum {REPOSITORY}/app1/{name}")
        assert ask("DELETE", f"/app1/{name}") in ("403", "405")
        assert ask("POST", f"/app1/{name}") in ("403", "405")
        assert at("ops1").check_output(f"sha256sum {REPOSITORY}/app1/{name}") == before
    assert "Error" in ask("GET", "/app1/config", "unknown"), "without a certificate of the site nobody comes in"
    assert at("ops1").check_output("ss -Hltn 'sport = :8434' | awk '{print $4}'") == f"{address('ops1')}:8434"


def test_a_path_that_is_missing_fails_by_its_name(site):
    at("app1").check_output("mv /srv/uploads /srv/away && echo done")
    try:
        run = site()
    finally:
        at("app1").check_output("mv /srv/away /srv/uploads && echo done")
    assert run.status != 0
    assert run.says("/srv/uploads is not there: see file_backup_paths of app1"), run.output[-2000:]
    assert last_record()["outcome"] == "failed"


def test_a_damaged_file_of_the_repository_fails_the_backup_and_nothing_is_removed(site):
    before = snapshots()
    pack = at("ops1").check_output(f"find {REPOSITORY}/app1/data -type f | head -n 1")
    at("ops1").check_output(
        f"cp -p {pack} /run/pack && printf XXXX | dd of={pack} bs=1 seek=20 conv=notrunc 2>/dev/null; echo done"
    )
    try:
        run = site()
    finally:
        at("ops1").check_output(f"cp -p /run/pack {pack} && rm /run/pack && echo done")
    assert run.status != 0
    assert run.says(f"{REPOSITORY}/app1 is damaged"), run.output[-2000:]
    assert set(before) <= set(snapshots())


def test_a_site_without_files_says_what_to_do():
    run = play("backup_files")
    assert run.status != 0
    assert run.says("No host of the site has file_backup_paths, so there is nothing to back up")
