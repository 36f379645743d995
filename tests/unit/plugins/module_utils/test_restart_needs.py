"""What needrestart says in its batch mode, and what of it a patching restarts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.command import Completed, NotInstalled
from ansible_collections.traumalink.ops.plugins.module_utils.restart_needs import (
    MANAGER,
    asked,
    divided,
    read_batch,
    restart,
)

# Of needrestart 3.6 on a host with a kernel of its own; it names what its own list of exceptions would leave out of the menu.
BATCH = """NEEDRESTART-VER: 3.6
NEEDRESTART-KCUR: 6.1.0-37-amd64
NEEDRESTART-KEXP: 6.1.0-40-amd64
NEEDRESTART-KSTA: 3
NEEDRESTART-SVC: dbus.service
NEEDRESTART-SVC: postgresql@15-main.service
NEEDRESTART-SVC: ssh.service
NEEDRESTART-SVC: systemd-manager
NEEDRESTART-SVC: trauma-web@blue.service
"""


def test_services_and_kernel_are_read() -> None:
    needs = read_batch(BATCH, reboot_asked=False)
    assert needs.services == (
        "dbus.service",
        "postgresql@15-main.service",
        "ssh.service",
        MANAGER,
        "trauma-web@blue.service",
    )
    assert (needs.kernel, needs.kernel_running, needs.kernel_installed) == ("older", "6.1.0-37-amd64", "6.1.0-40-amd64")
    assert needs.reboot == [
        "kernel 6.1.0-37-amd64 runs, 6.1.0-40-amd64 is installed",
        "dbus.service cannot be restarted otherwise",
    ]


def test_a_container_has_no_kernel_and_needs_no_reboot_for_one() -> None:
    needs = read_batch("NEEDRESTART-VER: 3.6\nNEEDRESTART-SVC: ssh.service\n", reboot_asked=False)
    assert needs.kernel == "unknown"
    assert needs.reboot == []
    assert read_batch("NEEDRESTART-VER: 3.6\n", reboot_asked=True).reboot == ["a package asks for it"]


def test_postgresql_dbus_and_what_the_site_denies_are_not_restarted() -> None:
    chosen, left = divided(read_batch(BATCH, reboot_asked=False).services, ["trauma-*"])
    assert chosen == ["ssh.service", MANAGER]
    assert left == ["dbus.service", "postgresql@15-main.service", "trauma-web@blue.service"]


class Systemd:
    """A runner that notes what it was asked; units in `failing` do not come back."""

    def __init__(self, failing: Sequence[str] = ()) -> None:
        self.failing = failing
        self.said: list[str] = []

    def __call__(self, argv: Sequence[str], **_options: Any) -> Completed:
        self.said.append(" ".join(argv))
        failed = argv[1] == "is-failed" and argv[-1] in self.failing
        return Completed(tuple(argv), 0, "failed" if failed else "active", "")


def test_systemd_itself_is_executed_anew_before_the_services() -> None:
    systemd = Systemd()
    restart(["ssh.service", MANAGER], systemd)
    assert systemd.said[0] == "systemctl daemon-reexec"
    assert "systemctl try-restart ssh.service" in systemd.said


def test_a_service_that_does_not_come_back_is_named() -> None:
    with pytest.raises(
        Exception, match=r"ssh.service does not come back after its restart: .*journalctl -u ssh.service"
    ):
        restart(["ssh.service"], Systemd(["ssh.service"]))


def test_without_needrestart_nothing_is_known_of_services(tmp_path: Path) -> None:
    def missing(*_arguments: Any, **_options: Any) -> Completed:
        raise NotInstalled("needrestart cannot be run")

    (tmp_path / "reboot-required").touch()
    needs = asked(missing, tmp_path / "reboot-required")
    assert not needs.known
    assert needs.reboot == ["a package asks for it"]
