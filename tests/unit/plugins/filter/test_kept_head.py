"""The filter adapts: a list, or Ansible's own error."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.filter.kept_head import FilterModule
from ansible_collections.traumalink.ops.plugins.plugin_utils.kept_head import note


def test_gives_the_head_or_nothing(tmp_path: Path) -> None:
    kept = FilterModule().filters()["kept_head"]
    file = str(tmp_path / "head.json")
    assert kept(file) == []
    note(file, {"sequence": 4, "hash": "b" * 64, "at": "2026-11-25T03:40:00Z"})
    assert [(each["sequence"], each["hash"]) for each in kept(file)] == [(4, "b" * 64)]


def test_a_damaged_file_is_an_error_of_ansible(tmp_path: Path) -> None:
    (tmp_path / "head.json").write_text("{", encoding="utf-8")
    with pytest.raises(AnsibleFilterError, match="is damaged"):
        FilterModule().filters()["kept_head"](str(tmp_path / "head.json"))
