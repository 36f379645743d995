"""One line of progress from an Ansible module that works long."""

from __future__ import annotations

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.progress import WORK_VARIABLE, say


def test_says_a_line_in_a_unit_and_nothing_elsewhere(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(WORK_VARIABLE, raising=False)
    say("1 of 3")
    assert capsys.readouterr() == ("", "")
    monkeypatch.setenv(WORK_VARIABLE, "20261125-033000-3f9a2c")
    say("2 of 3")
    assert capsys.readouterr() == ("", "2 of 3\n")
