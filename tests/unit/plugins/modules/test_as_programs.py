"""Every module of the database, backup and service family, started as Ansible starts it, and its documentation."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args
from ansible_collections.traumalink.ops.plugins import modules

MODULES = [
    "backup_canary",
    "backup_check",
    "backup_standing_info",
    "backup_vault",
    "backup_vault_return",
    "backup_verified",
    "data_directory_info",
    "database_copy",
    "database_load",
    "drill",
    "file_backup",
    "file_backup_vault",
    "file_backup_verified",
    "file_drill",
    "file_restore",
    "file_restore_info",
    "haproxy_backend",
    "haproxy_backend_info",
    "host_certificate_info",
    "host_program",
    "host_state_info",
    "ledger",
    "ledger_info",
    "ledger_witness",
    "package_updates",
    "patch_report",
    "pending_updates",
    "pgbackrest_backup",
    "pgbackrest_host_info",
    "pgbackrest_info",
    "pgbackrest_restore",
    "pgbackrest_stanza",
    "postgresql_archiving_info",
    "postgresql_cluster",
    "postgresql_damage_info",
    "postgresql_restore_point",
    "postgresql_retired",
    "postgresql_rights_info",
    "postgresql_role_info",
    "postgresql_transactions_info",
    "postgresql_writers",
    "release",
    "release_info",
    "restore_plan_info",
    "restore_recovered_info",
    "restore_target_info",
    "restore_vault_info",
    "service_current",
    "service_restarts",
    "upgrade_mark",
    "work_unit",
]


def program(name: str) -> str:
    """Return the path of a module's file."""
    return str(Path(modules.__path__[0]) / f"{name}.py")


class Specified(BaseException):
    """Carries a module's argument spec out of it."""


@pytest.mark.parametrize("name", MODULES)
def test_started_as_a_program_it_refuses_wrong_arguments(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with patch_module_args({"surprise": 1}), pytest.raises(SystemExit) as ended:
        runpy.run_path(program(name), run_name="__main__")
    assert ended.value.code == 1
    result = json.loads(capsys.readouterr().out)
    assert result["failed"]
    refused = ("missing required arguments: ", "Unsupported parameters", "one of the following is required: ")
    assert any(words in result["msg"] for words in refused)


@pytest.mark.parametrize("name", MODULES)
def test_documents_its_arguments_as_they_are_and_supports_check_mode(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def specify(_self: object, argument_spec: dict[str, Any], supports_check_mode: bool, **_options: Any) -> None:
        assert supports_check_mode
        raise Specified(argument_spec)

    monkeypatch.setattr(basic.AnsibleModule, "__init__", specify)
    with pytest.raises(Specified) as caught:
        runpy.run_path(program(name), run_name="__main__")
    documentation = yaml.safe_load(runpy.run_path(program(name))["DOCUMENTATION"])
    assert documentation["module"] == name
    assert documentation["attributes"]["check_mode"]["support"] == "full"
    assert without_words(documentation["options"]) == plain(caught.value.args[0])


def without_words(options: dict[str, Any]) -> dict[str, Any]:
    """Return documented options as Ansible's argument spec writes them."""
    result = {}
    for name, option in options.items():
        kept = {key: value for key, value in option.items() if key not in ("description", "suboptions")}
        if "suboptions" in option:
            kept["options"] = without_words(option["suboptions"])
        result[name] = kept
    return result


def plain(spec: dict[str, Any]) -> dict[str, Any]:
    """Return an argument spec without what documentation does not show."""
    result = {}
    for name, option in spec.items():
        kept = {key: value for key, value in option.items() if key != "no_log"}
        if "options" in option:
            kept["options"] = plain(option["options"])
        result[name] = kept
    return result
