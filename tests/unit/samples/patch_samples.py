"""A small patching as its report sees it."""

from __future__ import annotations

from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.patch_report import PatchFacts


def update(name: str, source: str, *vulnerabilities: str) -> dict[str, Any]:
    """Return one update."""
    return {
        "name": name, "source": source, "installed_source": "1.0-1", "candidate_source": "1.0-2", "candidate": "1.0-2", "security": True,
        "vulnerabilities": list(vulnerabilities),
    }  # fmt: skip


def host(*updates: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return what a host tells."""
    support = [{"program": "debian", "version": "12", "ends": "2026-07-11", "extended": "2028-06-30", "over": False}]
    return {
        "updates": list(updates), "held": [], "kept_back": [], "known": [], "versions": {"debian": "12", "openssl": "3.0.20"},
        "support": support, "restarts": {"services": [], "reboot": []}, **changes,
    }  # fmt: skip


OPENSSL, CURL = (
    update("libssl3", "openssl", "CVE-2026-0001", "CVE-2026-0002"),
    update("libcurl4", "curl", "CVE-2026-0003"),
)
KNOWN = [
    {"vulnerability": "CVE-2026-0003", "fix_available": True},
    {"vulnerability": "CVE-2026-0009", "fix_available": False},
]
FACTS = PatchFacts(
    plan={
        "made_at": "2026-11-28T10:00:00Z", "scope": "security", "tracker": None,
        "hosts": {"app1": host(OPENSSL), "db1": host(OPENSSL, CURL, held=[{"name": "nano", "candidate": "7"}])},
    },
    sha256="c" * 64,
    done={
        "app1": {
            "packages": {"libssl3": {"before": "1.0-1", "after": "1.0-2"}}, "restarted": ["ssh.service"], "left": ["<dbus>.service"],
            "kept_files": ["/etc/x.conf"], "reboot_seconds": 21.0, "down_seconds": 0,
        }
    },
    after={
        "app1": host(versions={"debian": "12", "openssl": "3.0.22"}),
        "db1": host(OPENSSL, CURL, held=[{"name": "nano", "candidate": "7"}], known=KNOWN),
    },
    health_before=[{"name": "triage", "status": "healthy"}],
    health_after=[{"name": "triage", "status": "healthy"}],
    figures={"packages": 1, "reboots": 1, "down_seconds": 0.0, "requests": 100, "failed_requests": 0},
    tracker={"date": "2026-11-27", "sha256": "d" * 64},
    failure="The window has closed meanwhile",
)  # fmt: skip
