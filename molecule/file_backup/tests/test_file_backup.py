"""Files come to ops encrypted, come back whole, and whoever holds a host can neither spoil what it has sent nor read what others have."""

import json

import pytest
from flows import LAB, ROOT, SCENARIO, address, at, play
from operations import last_record

REPOSITORY = "/var/lib/traumalink-files"
SECRETS = "/etc/traumalink/file_backup"
OWN = f"restic --no-cache --repo {REPOSITORY}/app1 --password-file {SECRETS}/app1.passphrase"
TEXT = "创伤病历 of a patient"
FILE = "/srv/uploads/2026/Ünï 创伤.txt"
LEFT_KEY = "/run/traumalink/restic-4194304.pem"  # of a process that cannot be: Linux gives numbers below 2^22
# Asks the server as app1 may, with its own login, another one or none; prints the status of the answer.
ASK = """
import base64, http.client, pathlib, ssl, sys
address, method, path, who = sys.argv[1:]
context = ssl.create_default_context(cafile="/etc/traumalink/tls/ca.crt")
if who != "unknown":
    context.load_cert_chain("/etc/traumalink/tls/host.crt", "/etc/traumalink/tls/host.key")
login = pathlib.Path("/etc/traumalink/file_backup/app1.login").read_text().strip()
given = {"known": f"app1:{login}", "unknown": f"app1:{login}", "another": f"db1:{login}"}.get(who)
headers = {"Authorization": "Basic " + base64.b64encode(given.encode()).decode()} if given else {}
connection = http.client.HTTPSConnection(address, 8434, context=context)
try:
    connection.request(method, path, body=b"spoilt" if method == "POST" else None, headers=headers)
    print(connection.getresponse().status)
except (OSError, http.client.HTTPException) as error:
    print(type(error).__name__, error)
"""
# restic as app1 runs it, killed in the middle of a backup whose input never ends.
KILLED_BACKUP = """
cat /etc/traumalink/tls/host.crt /etc/traumalink/tls/host.key >/run/own.pem
export RESTIC_PASSWORD="$(cat /etc/traumalink/file_backup/app1.passphrase)"
export RESTIC_REPOSITORY="rest:https://app1:$(cat /etc/traumalink/file_backup/app1.login)@%s:8434/app1"
tail --pid=$$ -f /dev/null 2>/dev/null | restic --no-cache --cacert=/etc/traumalink/tls/ca.crt --tls-client-cert=/run/own.pem \\
    backup --stdin >/dev/null 2>&1 &
sleep 5; kill -9 $!; rm /run/own.pem; echo killed
"""
# restic as the repository's owner on ops runs it, killed as soon as it has its lock: with 200 ms it waits to see whether another has one.
KILLED_CHECK = """
export RESTIC_PASSWORD="$(cat /etc/traumalink/file_backup/app1.passphrase)"
setpriv --reuid=traumalink-files --regid=traumalink-files --init-groups restic --no-cache --repo=/var/lib/traumalink-files/app1 check >/dev/null 2>&1 &
while ! ls /var/lib/traumalink-files/app1/locks | grep -qE '^[0-9a-f]{64}$'; do kill -0 $! || exit 1; done
kill -9 $!; echo killed
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Give a run of the verb on a site whose inventory names app1's uploads."""
    at("app1").check_output(
        f"install -d -m 0700 /srv/uploads/2026 && printf %s '{TEXT}' >'{FILE}' && chown 4242:4343 '{FILE}' && chmod 0640 '{FILE}' && echo done"
    )

    def run(*arguments, playbook="backup_files", **paths):
        folder = tmp_path_factory.mktemp("inventory")
        (folder / "host_vars").mkdir()
        for host, named in ({"app1": ["/srv/uploads"]} | paths).items():
            (folder / "host_vars" / f"{host}.json").write_text(json.dumps({"file_backup_paths": named}))
        (folder / "hosts.yml").write_text("all: {}\n")
        return play(playbook, *arguments, inventories=(ROOT / "inventories" / "lab", LAB / "inventory", folder))

    return run


def ask(method, path, who="known"):
    """Ask the server on ops as app1 may."""
    return at("app1").check_output("python3 -c %s %s %s %s %s", ASK, address("ops1"), method, path, who)


def snapshots():
    """Give the ids of app1's snapshots, oldest first."""
    listed = json.loads(at("ops1").check_output(f"{OWN} snapshots --json --no-lock"))
    return [each["short_id"] for each in sorted(listed, key=lambda each: each["time"])]


def locks():
    """Count the locks in app1's repository."""
    return int(at("ops1").check_output(f"ls {REPOSITORY}/app1/locks | wc -l"))


def back(site, *arguments, confirm="lab"):
    """Run the verb that brings app1's files back."""
    given = ["-e", "file_backup_restore_host=app1"] + (["-e", f"restore_confirm={confirm}"] if confirm else [])
    return site(*given, *arguments, playbook="restore_files")


def test_files_come_back_as_they_were(site):
    run = site()
    assert run.succeeded, run.output[-3000:]
    record = last_record()
    assert (record["verb"], record["outcome"]) == ("backup_files", "success")
    figures = record["figures"]
    assert (figures["hosts"], figures["files"]) == (1, 1)
    assert figures["snapshots"] == f"app1 {snapshots()[-1]}"
    assert figures["paths"] == "app1 /srv/uploads: 1"
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
    for host in ("app1", "ops1"):
        for name in ("passphrase", "login"):
            kept = at(host).file(f"{SECRETS}/app1.{name}")
            assert (kept.user, kept.mode) == ("root", 0o600)
        assert at(host).file(SECRETS).mode == 0o700


def test_whoever_holds_the_host_can_neither_remove_nor_write_over():
    listing = at("ops1").check_output(f"ls {REPOSITORY}/app1/snapshots").split()
    assert listing
    for name in (f"snapshots/{listing[0]}", "config"):
        before = at("ops1").check_output(f"sha256sum {REPOSITORY}/app1/{name}")
        assert ask("DELETE", f"/app1/{name}") in ("403", "405")
        assert ask("POST", f"/app1/{name}") in ("403", "405")
        assert at("ops1").check_output(f"sha256sum {REPOSITORY}/app1/{name}") == before
    assert ask("GET", "/app1/config") == "200"
    assert not ask("GET", "/app1/config", "unknown").isdigit(), "without a certificate of the site nobody comes in"
    assert at("ops1").check_output("ss -Hltn 'sport = :8434' | awk '{print $4}'") == f"{address('ops1')}:8434"


def test_whoever_holds_the_host_reads_no_other_s_files():
    """The repository of db1 stands for another's; nothing in it is needed, since nobody gets as far."""
    other = f"{REPOSITORY}/db1"
    at("ops1").check_output(
        f"install -d -m 0700 -o traumalink-files {other} && install -m 0600 -o traumalink-files /dev/null {other}/config && echo done"
    )
    try:
        assert ask("GET", "/db1/config") == "403"
        assert ask("GET", "/db1/config", "another") == "401", "its login is another one"
        assert ask("GET", "/app1/config", "none") == "401"
        assert ask("GET", "/app1/../db1/config") != "200"
        assert ask("POST", "/db1/data/" + "0" * 64) == "403"
    finally:
        at("ops1").check_output(f"rm -r {other} && echo done")
    assert at("app1").check_output(f"ls {SECRETS}").split() == ["app1.login", "app1.passphrase"]
    one, other = (at("ops1").check_output(f"cat {SECRETS}/app1.{name}") for name in ("passphrase", "login"))
    assert one != other


@pytest.mark.parametrize("kind", ["a link", "a mount"])
def test_what_would_be_left_out_fails_by_its_name(site, kind):
    before = snapshots()
    if kind == "a link":
        at("app1").check_output("ln -s /srv/uploads /srv/link && echo done")
        said, paths = "/srv/link is a symbolic link, or lies below one; name /srv/uploads instead", ["/srv/link"]
    else:
        at("app1").check_output("mkdir /srv/uploads/nas && mount -t tmpfs none /srv/uploads/nas && echo done")
        said, paths = "/srv/uploads/nas is another file system below /srv/uploads; name it as well", ["/srv/uploads"]
    try:
        run = site(app1=paths)
    finally:
        undo = "rm /srv/link" if kind == "a link" else "umount /srv/uploads/nas && rmdir /srv/uploads/nas"
        at("app1").check_output(f"{undo} && echo done")
    assert run.status != 0
    assert run.says(said), run.output[-2000:]
    assert snapshots() == before


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


@pytest.mark.parametrize("killed", ["backup", "check"])
def test_what_killed_processes_have_left_hinders_nobody(site, killed):
    assert locks() == 0
    if killed == "backup":
        at("app1").check_output(KILLED_BACKUP % address("ops1"))
        at("app1").check_output(f"touch {LEFT_KEY} && echo done")
    else:
        at("ops1").check_output(KILLED_CHECK)
    assert locks() == 1
    run = site()
    assert run.succeeded, run.output[-3000:]
    assert locks() == 0
    assert at("app1").check_output("ls /run/traumalink | grep -c restic- || true") == "0"


def test_a_host_without_a_backup_fails_its_own_drill_alone(site):
    drills = "/var/lib/traumalink-backup/file_drills"
    run = site(playbook=SCENARIO / "resources" / "drill.yml", db1=["/srv/other"])
    kept = {
        host: json.loads(at("ops1").check_output(f"cat {drills}/{host}.json"))["outcome"] for host in ("app1", "db1")
    }
    at("ops1").check_output(f"rm {drills}/db1.json && echo done")
    assert run.status != 0
    assert run.says("the drill of files failed for db1 (snapshot none): there is no backup of its files that counts")
    assert kept == {"app1": "success", "db1": "failed"}


def test_a_restore_is_not_begun_unless_it_is_confirmed(site):
    at("app1").check_output(f"printf spoilt >'{FILE}' && echo done")
    for confirm in ("", "another"):
        run = back(site, confirm=confirm)
        assert run.status != 0
        assert run.says(
            "A restore of files takes the place of what lies on app1. To go on, repeat the name of the site"
        )
    run = back(site, "-e", "file_backup_restore_snapshot=00000000")
    assert run.status != 0
    assert run.says("there is no snapshot 00000000 of app1; choose one of"), run.output[-2000:]
    assert at("app1").check_output(f"cat '{FILE}'") == "spoilt"
    run = back(site, "--check")
    assert run.succeeded, run.output[-3000:]
    assert run.says("On app1 come back /srv/uploads as of"), run.output[-2000:]
    assert at("app1").check_output(f"cat '{FILE}'") == "spoilt"


def test_files_come_back_and_what_lay_there_is_kept_aside(site):
    at("app1").check_output(f"printf spoilt >'{FILE}' && touch /srv/uploads/later && echo done")
    run = back(site)
    assert run.succeeded, run.output[-3000:]
    assert at("app1").check_output(f"cat '{FILE}'") == TEXT
    assert at("app1").check_output(f"stat -c '%u:%g %a' '{FILE}'") == "4242:4343 640"
    (aside,) = at("app1").check_output("ls -d /srv/uploads.before-restore-*").split()
    assert at("app1").check_output(f"cat '{FILE.replace('/srv/uploads', aside)}'") == "spoilt"
    assert at("app1").check_output(f"ls {aside}/later /srv/uploads").split() == [
        f"{aside}/later",
        "/srv/uploads:",
        "2026",
    ]
    record = last_record()
    assert (record["verb"], record["outcome"]) == ("restore_files", "success")
    figures = record["figures"]
    assert (figures["host"], figures["snapshot"], figures["files"], figures["bytes"], figures["kept_aside"]) == (
        "app1",
        snapshots()[-1],
        1,
        len(TEXT.encode()),
        aside,
    )
    assert at("app1").check_output("ls -A /srv | grep -c traumalink-restore || true") == "0"
    assert locks() == 0
    at("app1").check_output(f"rm -r {aside} && echo done")


def test_a_lost_folder_comes_back_alone_from_an_older_backup(site):
    at("app1").check_output("touch /srv/uploads/later && rm -r /srv/uploads/2026 && echo done")
    given = {"file_backup_restore_paths": ["/srv/uploads/2026"], "file_backup_restore_snapshot": snapshots()[0]}
    run = back(site, "-e", json.dumps(given))
    assert run.succeeded, run.output[-3000:]
    assert at("app1").check_output(f"cat '{FILE}'") == TEXT
    assert at("app1").check_output("ls /srv/uploads").split() == ["2026", "later"]
    assert "kept_aside" not in last_record()["figures"], "a figure that is empty is none"
    at("app1").check_output("rm /srv/uploads/later && echo done")


def test_a_damaged_backup_leaves_everything_as_it_is(site):
    packs = at("ops1").check_output(f"find {REPOSITORY}/app1/data -type f").split()
    before = at("app1").check_output("ls -A /srv")
    spoil = " && ".join(f"cp -p {pack} /run/packs/ && head -c $(stat -c %s {pack}) /dev/zero >{pack}" for pack in packs)
    at("ops1").check_output(f"mkdir /run/packs && chmod u+w {' '.join(packs)} && {spoil} && echo done")
    try:
        # All of it by its path: so nobody asks for its size, which tells of damage before anything is begun.
        run = back(site, "-e", json.dumps({"file_backup_restore_paths": ["/srv/uploads"]}))
    finally:
        mend = " && ".join(f"cp -p /run/packs/{pack.rpartition('/')[2]} {pack}" for pack in packs)
        at("ops1").check_output(f"{mend} && rm -r /run/packs && echo done")
    assert run.status != 0
    assert run.says("bringing"), run.output[-2000:]
    assert last_record()["outcome"] == "failed"
    assert at("app1").check_output(f"cat '{FILE}'") == TEXT
    assert at("app1").check_output("ls -A /srv") == before
