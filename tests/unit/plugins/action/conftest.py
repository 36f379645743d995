"""The action `operation` on a real ledger in a folder of the test; only the connection to the ops host is left out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.traumalink.ops.plugins.action import operation
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError, code_of
from ansible_collections.traumalink.ops.plugins.module_utils.ledger import Ledger
from ansible_collections.traumalink.ops.plugins.modules import ledger as ledger_module
from ansible_collections.traumalink.ops.plugins.modules import ledger_info as info_module
from ansible_collections.traumalink.ops.plugins.plugin_utils import operation_opening
from ansible_collections.traumalink.ops.plugins.plugin_utils.operation_request import REQUEST_OPTIONS

CONTRACT = {
    "id": "cs", "title": {"zh": "维护", "en": "Maintenance"}, "timezone": "UTC", "calendar": {"country": "CN", "always_safe": "00:00-24:00"},
    "working_hours": {"workday": [], "restday": []}, "windows": [{"name": "always", "days": "any", "start": "00:00", "duration": "24h"}],
    "contacts": [],
}  # fmt: skip
Act = Callable[..., dict[str, Any]]


class Site:
    """The ops host: a ledger in a folder, which can be away; what the action displays is kept."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.away, self.kept = folder, False, folder / "controller" / "records.jsonl"
        self.displayed: list[str] = []
        self.failing: dict[str, dict[str, Any]] = {}  # by state or what is gathered
        self.lease_until: list[Any] = []
        with Ledger.opened(folder, create=True):
            pass

    def execute(
        self, module_name: str, module_args: dict[str, Any], task_vars: object, check: bool = False
    ) -> dict[str, Any]:
        """Answer as the module on the host would."""
        if self.away:
            raise AnsibleConnectionFailure("no route to host")
        if failing := self.failing.get(module_args.get("state", module_args.get("gather", ""))):
            return {"failed": True, **failing}
        defaults = {
            "directory": str(self.folder),
            "settled": {},
            "ending": [],
            "heads": [],
            "public_key": None,
            "limit": 100,
            "query": None,
        }
        try:
            if module_name.endswith("ledger_info"):
                return info_module.answer({**defaults, **module_args}, False)
            return {"changed": True, **ledger_module.answer({**defaults, **module_args}, check)}
        except OpsError as error:
            return {"failed": True, "msg": str(error), "code": code_of(error)}

    def entries(self) -> list[dict[str, Any]]:
        """Return what stands in the ledger."""
        with Ledger.opened(self.folder) as ledger, ledger.store.reading():
            rows = ledger.store.execute("SELECT body FROM entry ORDER BY sequence").fetchall()
        return [json.loads(row[0]) for row in rows]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Give the ops host."""
    return Site(tmp_path)


@pytest.fixture
def act(site: Site, monkeypatch: pytest.MonkeyPatch) -> Act:
    """Give the action by its state, on a clock that does not make anybody wait, and without the process that keeps the lease."""
    monkeypatch.setattr(operation.ActionBase, "run", lambda *_arguments: {})

    def execute(action: Any, **given: Any) -> dict[str, Any]:
        checking = {"check": True} if action._task.check_mode else {}
        return site.execute(**given, **checking)

    monkeypatch.setattr(operation.ActionModule, "_execute_module", execute)
    monkeypatch.setattr(operation.ActionModule, "keep", lambda *_arguments: site.folder / "keeper" / "lease.json")
    clock = SimpleNamespace(now=0.0)
    sleep = lambda seconds: setattr(clock, "now", clock.now + seconds)  # noqa: E731
    monkeypatch.setattr(operation_opening, "time", SimpleNamespace(monotonic=lambda: clock.now, sleep=sleep))

    def call(state: str, verb: str = "site", check: bool = False, hostvars: Any = None, **given: Any) -> dict[str, Any]:
        request = {"verb": verb, "site": "lab", "contract": CONTRACT, "hosts": ["db1", "ops1"], "ops": "ops1"}
        request["controller_records"] = str(site.kept)
        request |= {name: given.pop(name) for name in list(given) if name in REQUEST_OPTIONS}
        action = operation.ActionModule.__new__(operation.ActionModule)
        play = SimpleNamespace(strategy="linear")
        action._task = SimpleNamespace(args={"state": state, "request": request, **given}, check_mode=check, play=play)
        action._loader = None
        action._play_context = SimpleNamespace(check_mode=check)
        action._display = SimpleNamespace(display=site.displayed.append, warning=site.displayed.append)
        result: dict[str, Any] = action.run(task_vars={"hostvars": hostvars or {}})
        return result

    return call


@pytest.fixture
def contract() -> dict[str, Any]:
    """Give the contract under which it runs."""
    return CONTRACT
