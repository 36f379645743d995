"""Hosts are made anew with everything at -vvv: no password or key is in the output, or in the list of processes."""

import subprocess
import threading
from pathlib import Path

import pytest
from flows import LAB, at, lab, play

NAMES = (
    "backup_cipher_passphrase",
    "deploy_database_owner_password",
    "deploy_database_user_password",
    "postgresql_report_password",
)


def value(name):
    """Give a secret of the lab; it goes through a file, since this test must not print it either."""
    path = LAB / "secret"
    argv = ["ansible", "localhost", "-e", f"@{LAB}/inventory/group_vars/all/vault.yml", "-m", "copy",
            "-a", f"content={{{{ {name} }}}} dest={path} mode=0600"]  # fmt: skip
    subprocess.run(argv, check=True, capture_output=True)
    text = path.read_text()
    path.unlink()
    return text


class ProcessList(threading.Thread):
    """Looks for secrets in the arguments of every process of this machine, the lab's hosts among them."""

    def __init__(self, secrets):
        super().__init__(daemon=True)
        self.secrets, self.found, self.looks, self.ended = secrets, set(), 0, threading.Event()

    def run(self):
        while not self.ended.wait(0.02):
            self.looks += 1
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    text = path.read_text(errors="replace")
                except OSError:
                    continue
                self.found |= {name for name, secret in self.secrets.items() if secret in text}


@pytest.fixture(scope="module")
def secrets():
    """Give what must not be seen: passwords whole, of keys a line of their body."""
    return {name: value(name) for name in NAMES} | {"site_ca_private_key": value("site_ca_private_key").splitlines()[1]}


def test_the_look_at_processes_would_see_a_secret():
    watch = ProcessList({"x": "a-secret-that-everybody-sees"})
    watch.start()
    subprocess.run(["sleep", "0.5", "--", "0"], check=False, capture_output=True)
    with subprocess.Popen(["python3", "-c", "import time; time.sleep(1)", "a-secret-that-everybody-sees"]):
        pass
    watch.ended.set()
    watch.join()
    assert watch.found == {"x"}


def test_nothing_secret_is_printed_or_listed_while_hosts_are_made_anew(secrets):
    for host in ("db1", "app1"):
        lab("lose", host)
    lab("up", "db1", "app1")
    watch = ProcessList(secrets)
    watch.start()
    runs = {
        # The application host is empty too, so the restore has no application to bring back there; site makes it anew.
        "restore": play(
            "restore", "-vvv", "--diff", "-e", "restore_confirm=lab", "-e", "restore_health_retry_seconds=5"
        ),
        "site": play("site", "-vvv", "--diff"),
        "backup": play("backup", "-vvv", "--diff"),
    }
    watch.ended.set()
    watch.join()
    assert runs["site"].succeeded, runs["site"].output[-3000:]
    assert runs["backup"].succeeded, runs["backup"].output[-3000:]
    assert runs["site"].changed.keys() >= {"app1"}
    assert watch.looks > 100
    assert watch.found == set()
    keys = {
        f"host key of {host}": at(host).check_output("sed -n 2p /etc/traumalink/tls/host.key")
        for host in ("db1", "app1", "ops1")
    }
    for verb, run in runs.items():
        seen = {name for name, secret in (secrets | keys).items() if secret in run.output}
        assert seen == set(), f"{verb} -vvv shows {seen}"
