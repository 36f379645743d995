"""Which packages a host lacks, by dpkg's and apt's own files."""

from __future__ import annotations

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.packages import lacking

SAID = "ii  whole\nrc  removed\niU  unpacked\nhi  held\niHR broken\nun  unknown\n"


@pytest.mark.parametrize(
    ("name", "there"),
    [("whole", True), ("held", True), ("removed", False), ("unpacked", False), ("broken", False), ("unknown", False), ("never-heard-of", False)],
)  # fmt: skip
def test_a_package_is_there_when_it_is_installed_whole(name: str, there: bool) -> None:
    assert lacking([name], SAID, "") == ([] if there else [name])


def test_one_that_came_for_another_s_sake_would_go_with_that_one() -> None:
    states = "Package: whole\nArchitecture: amd64\nAuto-Installed: 1\n\nPackage: held\nArchitecture: amd64\nAuto-Installed: 0\n"
    assert lacking(["held", "whole"], SAID, states) == ["whole"]


def test_a_host_that_says_nothing_lacks_everything() -> None:
    assert lacking(["whole", "held"], "", "") == ["whole", "held"]
