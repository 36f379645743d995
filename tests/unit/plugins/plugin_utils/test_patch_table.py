"""A patch plan as people read it."""

from __future__ import annotations

from typing import Any

from ansible_collections.traumalink.ops.plugins.plugin_utils.patch_table import plan_lines


def update(name: str, **changes: Any) -> dict[str, Any]:
    """Return one update."""
    return {
        "name": name, "source": "openssl", "installed": "3.0.20", "installed_source": "3.0.20", "candidate": "3.0.22", "candidate_source": "3.0.22",
        "security": True, "changelog": True, "vulnerabilities": ["CVE-2026-35189"], "way_back": "", "old_package": True, "step": "system", **changes,
    }  # fmt: skip


def host(*updates: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return what a host tells."""
    restarts = {"known": True, "services": [], "reboot": []}
    nothing: dict[str, Any] = {
        "held": [],
        "kept_back": [],
        "other": [],
        "support": [],
        "known": [],
        "security_source": True,
        "restarts": restarts,
    }
    return {**nothing, "updates": list(updates), **changes}


def lines(tracker: dict[str, str] | None = None, **hosts: dict[str, Any]) -> list[str]:
    """Return the lines of a plan."""
    plan = {
        "site": "my_hospital",
        "made_at": "2026-11-29T23:00:00Z",
        "scope": "security",
        "reboot": "if_required",
        "tracker": tracker,
        "hosts": hosts,
    }
    return plan_lines(plan, "abc")


def test_packages_of_a_source_are_one_line_with_what_its_changelog_names() -> None:
    told = lines(app1=host(update("libssl3"), update("openssl")))
    assert told[1] == "SHA-256 abc"
    assert told[4].split() == ["app1", "openssl", "3.0.20", "3.0.22", "security", "2", "1", "yes"]
    assert "  openssl: CVE-2026-35189" in told


def test_what_cannot_be_taken_back_is_said_beforehand_with_the_reason() -> None:
    told = lines(app1=host(update("libc6", source="glibc", way_back="glibc"), update("x", old_package=False)))
    assert [line.split()[-1] for line in told[4:6]] == ["NO", "NO"]
    assert "app1: cannot be taken back: libc6 (everything that was started since uses it)" in told
    assert "app1: cannot be taken back: x (neither mirror nor host has the .deb file of the old version)" in told


def test_a_changelog_that_was_not_found_leaves_a_question_mark() -> None:
    assert lines(app1=host(update("x", changelog=False)))[4].split()[-2] == "1?"


def test_holds_restarts_reboots_and_the_database_are_said() -> None:
    told = lines(
        db1=host(
            update("postgresql-15", step="postgresql"),
            held=[update("nano")],
            security_source=False,
            restarts={"known": False, "services": ["ssh.service"], "reboot": ["kernel 1 runs, 2 is installed"]},
        )
    )
    whole = "\n".join(told)
    for words in (
        "db1: on hold, not touched: nano",
        "db1: PostgreSQL is restarted for its update",
        "db1: needrestart is not installed yet",
        "db1: use old files already: ssh.service",
        "db1: needs a reboot already: kernel 1 runs, 2 is installed",
        "db1: apt has no security archive of this release",
    ):
        assert words in whole


def test_a_release_that_is_at_its_end_is_said() -> None:
    entry = {
        "program": "debian",
        "version": "12",
        "ends": "2026-07-11",
        "extended": "2028-06-30",
        "today": "2026-11-29",
        "over": False,
    }
    assert "app1: debian 12 has long-term support only, until 2028-06-30" in lines(app1=host(support=[entry]))
    assert "app1: debian 12 gets no security updates any more since 2028-06-30" in lines(
        app1=host(support=[{**entry, "over": True}])
    )


def test_the_trackers_date_stands_beside_what_it_knows() -> None:
    known = [{"fix_available": True}, {"fix_available": False}, {"fix_available": False}]
    told = lines({"date": "2026-11-20"}, app1=host(known=known))
    assert told[-2:] == [
        "Debian's security tracker as of 2026-11-20:",
        "  app1: 1 known vulnerabilities with a fix, 2 without one yet",
    ]


def test_a_site_without_updates_says_so() -> None:
    assert "No update waits on any host." in lines(app1=host())
