"""The filter `file_secrets`."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.filter.file_secrets import FilterModule
from ansible_collections.traumalink.ops.plugins.plugin_utils.file_secrets import file_secrets


def test_gives_what_opens_a_host_s_backups() -> None:
    assert FilterModule().filters()["file_secrets"]("app1", "p" * 20) == file_secrets("app1", "p" * 20)


@pytest.mark.parametrize(("host", "passphrase"), [("", "p"), ("app1", ""), (None, "p"), ("app1", None)])
def test_says_what_it_needs(host: Any, passphrase: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="file_backup_passphrase"):
        FilterModule().filters()["file_secrets"](host, passphrase)
