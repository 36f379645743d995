"""What opens one host's backups of files opens no other's."""

from __future__ import annotations

import base64
import hashlib
import subprocess

from ansible_collections.traumalink.ops.plugins.plugin_utils.file_secrets import file_secrets

SITE = "the site's own passphrase"


def test_each_host_has_secrets_of_its_own_and_the_same_each_time() -> None:
    one, other = file_secrets("app1", SITE), file_secrets("app2", SITE)
    assert one == file_secrets("app1", SITE)
    values = [*one.values(), *other.values(), *file_secrets("app1", SITE + "!").values()]
    assert len(set(values)) == len(values)
    assert not any(SITE in value for value in values)


def test_the_entry_lets_its_host_in_and_tells_no_login() -> None:
    found = file_secrets("app1", SITE)
    digest = base64.b64encode(hashlib.sha1(found["login"].encode(), usedforsecurity=False).digest()).decode()
    assert found["entry"] == f"app1:{{SHA}}{digest}"
    assert len(found["login"]) == 64


def test_the_readme_s_command_gives_the_passphrase_without_ansible() -> None:
    argv = ["openssl", "dgst", "-sha256", "-hmac", SITE]
    said = subprocess.run(argv, input="passphrase app1", capture_output=True, text=True, check=True).stdout
    assert said.split()[-1] == file_secrets("app1", SITE)["passphrase"]
