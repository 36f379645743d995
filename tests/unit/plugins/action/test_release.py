"""The action `release`: the archive travels only where the host says that it needs it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.action import release


class Host:
    """Stands for the connection: notes what is run and what is carried."""

    def __init__(self, needed: bool, check: bool = False, archive: str | None = "/srv/t.tar.gz") -> None:
        self.asked: list[dict[str, Any]] = []
        self.carried: list[tuple[str, str]] = []
        self.removed: list[str] = []
        self.needed = needed
        self.action = release.ActionModule.__new__(release.ActionModule)
        arguments = {"name": "trauma"} | ({"archive": archive} if archive else {})
        self.action._task = SimpleNamespace(args=arguments, check_mode=check)
        self.action._connection = SimpleNamespace(_shell=SimpleNamespace(join_path=lambda *parts: "/".join(parts)))
        self.action._loader = SimpleNamespace(get_real_file=lambda path: path)
        self.action._execute_module = self.execute
        self.action._make_tmp_path = lambda: "/tmp/ansible"  # noqa: S108 - a name only
        self.action._transfer_file = lambda local, remote: self.carried.append((local, remote))
        self.action._fixup_perms2 = lambda _paths: None
        self.action._remove_tmp_path = lambda path, force: self.removed.append(path)

    def execute(self, module_name: str, module_args: dict[str, Any], task_vars: object) -> dict[str, Any]:
        self.asked.append(module_args)
        return {"changed": self.needed, "archive_needed": self.needed and "archive" not in module_args}


@pytest.fixture(autouse=True)
def base(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release.ActionBase, "run", lambda *_arguments: {})


def test_a_host_that_has_it_gets_no_copy() -> None:
    host = Host(needed=False)
    assert host.action.run()["changed"] is False
    assert host.asked == [{"name": "trauma"}]
    assert host.carried == []


def test_carries_archive_and_signature_and_leaves_nothing() -> None:
    host = Host(needed=True)
    assert host.action.run() == {"changed": True, "archive_needed": False}
    assert host.carried == [
        ("/srv/t.tar.gz", "/tmp/ansible/t.tar.gz"),  # noqa: S108
        ("/srv/t.tar.gz.sig", "/tmp/ansible/t.tar.gz.sig"),  # noqa: S108
    ]
    assert host.asked[1]["archive"] == "/tmp/ansible/t.tar.gz"  # noqa: S108
    assert host.removed == ["/tmp/ansible"]  # noqa: S108


def test_check_mode_carries_nothing() -> None:
    host = Host(needed=True, check=True)
    assert host.action.run()["changed"] is True
    assert (len(host.asked), host.carried) == (1, [])


def test_says_that_the_archive_is_missing() -> None:
    assert "give `archive`" in Host(needed=True, archive=None).action.run()["msg"]
