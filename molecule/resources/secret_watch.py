"""Looks for the site's secrets in what playbooks print and in the list of processes."""

from __future__ import annotations

import functools
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from flows import LAB, Run, at

NAMES = (
    "backup_cipher_passphrase",
    "deploy_database_owner_password",
    "deploy_database_user_password",
    "postgresql_report_password",
)
KEY_HOSTS = ("db1", "app1", "ops1")


def value(name: str) -> str:
    """Return a secret of the lab; it goes through a file, since no test may print it either."""
    path = LAB / "secret"
    argv = ["ansible", "localhost", "-e", f"@{LAB}/inventory/group_vars/all/vault.yml", "-m", "copy",
            "-a", f"content={{{{ {name} }}}} dest={path} mode=0600"]  # fmt: skip
    subprocess.run(argv, check=True, capture_output=True)
    text = path.read_text(encoding="utf-8")
    path.unlink()
    return text


@functools.cache
def lab_secrets() -> Mapping[str, str]:
    """Return what must not be seen: passwords whole, of keys a line of their body."""
    return {name: value(name) for name in NAMES} | {"site_ca_private_key": value("site_ca_private_key").splitlines()[1]}


class SecretWatch(threading.Thread):
    """Looks for secrets in the arguments of every process of this machine, the lab's hosts among them, as long as its block lasts."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        super().__init__(daemon=True)
        self.secrets = secrets
        self.found: set[str] = set()
        self.looks = 0
        self.ended = threading.Event()

    def run(self) -> None:
        """Look again and again."""
        while not self.ended.wait(0.05):
            self.looks += 1
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    text = path.read_text(errors="replace")
                except OSError:
                    continue
                self.found |= {name for name, secret in self.secrets.items() if secret in text}

    def __enter__(self) -> SecretWatch:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended.set()
        self.join()


def see_nothing_secret(watch: SecretWatch, runs: Mapping[str, Run]) -> None:
    """See that neither the list of processes nor the output of these runs held a secret, the hosts' own keys among them."""
    assert watch.looks > 50
    assert watch.found == set()
    keys = {
        f"host key of {host}": at(host).check_output("sed -n 2p /etc/traumalink/tls/host.key") for host in KEY_HOSTS
    }
    for verb, run in runs.items():
        seen = {name for name, secret in {**watch.secrets, **keys}.items() if secret in run.output}
        assert seen == set(), f"{verb} -vvv shows {seen}"
