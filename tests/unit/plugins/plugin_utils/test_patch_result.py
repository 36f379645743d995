"""What a patching came to, put together from what its steps answered."""

from __future__ import annotations

from typing import Any

from ansible_collections.traumalink.ops.plugins.plugin_utils.patch_result import host_result, patch_figures

ANSWERS: dict[str, dict[str, Any]] = {
    "installed": {
        "packages": {"libssl3": {"before": "1", "after": "2"}},
        "kept_files": ["/etc/x.conf"],
        "down_seconds": 0.2,
    },
    "restarted": {"restarted": ["ssh.service"], "left": ["postgresql@15-main.service"], "down_seconds": 0.1},
    "database_installed": {
        "packages": {"postgresql-15": {"before": "15.1", "after": "15.2"}},
        "kept_files": [],
        "down_seconds": 3.0,
    },
    "database_restarted": {"skipped": True},
    "rebooted": {"elapsed": 20},
    "after_reboot": {"restarted": [], "left": []},
}


def test_what_was_done_to_a_host() -> None:
    assert host_result(ANSWERS, reboot_interrupts=True) == {
        "packages": {"libssl3": {"before": "1", "after": "2"}, "postgresql-15": {"before": "15.1", "after": "15.2"}},
        "kept_files": ["/etc/x.conf"],
        "restarted": ["ssh.service"],
        "left": [],
        "reboot_seconds": 20.0,
        "down_seconds": 23.3,
    }


def test_a_reboot_behind_others_that_serve_is_no_time_without_an_answer() -> None:
    assert host_result({"rebooted": {"elapsed": 20}}, reboot_interrupts=False)["down_seconds"] == 0


def test_without_a_reboot_what_was_asked_last_counts() -> None:
    answers = {**ANSWERS, "rebooted": {"skipped": True}, "after_reboot": {"skipped": True}}
    assert host_result(answers, reboot_interrupts=True)["left"] == ["postgresql@15-main.service"]


def test_only_what_was_installed_counts_and_hosts_that_are_left_are_named() -> None:
    def update(name: str, *vulnerabilities: str) -> dict[str, Any]:
        return {"name": name, "vulnerabilities": list(vulnerabilities)}

    plan = {
        "hosts": {
            "app1": {
                "updates": [update("libssl3", "CVE-2026-0001", "CVE-2026-0002"), update("later", "CVE-2026-0009")]
            },
            "db1": {"updates": [update("libssl3", "CVE-2026-0001")]},
            "ops1": {"updates": []},
        }
    }
    compared = {"plan": plan, "sha256": "abc", "waiting": ["app1", "db1"]}
    figures = patch_figures({"app1": host_result(ANSWERS, reboot_interrupts=False)}, compared, {"failed_requests": 0})
    assert figures == {
        "plan_sha256": "abc", "hosts_patched": "app1", "hosts_left": "db1", "packages": 2, "vulnerabilities_named": 2, "reboots": 1,
        "down_seconds": 3.3, "failed_requests": 0,
    }  # fmt: skip
