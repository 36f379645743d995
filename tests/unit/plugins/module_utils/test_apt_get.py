"""apt's own troubles: what kind each is, and what a person is told to do. The texts are apt's and dpkg's of Debian 12."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import apt_get
from ansible_collections.traumalink.ops.plugins.module_utils.apt_get import (
    BROKEN,
    INTERRUPTED,
    LOCKED,
    MIRROR,
    NO_ROOM,
    OTHER,
    AptGet,
    AptTrouble,
    kept_conffiles,
    left_broken,
    trouble,
)
from ansible_collections.traumalink.ops.plugins.module_utils.command import Completed

LOCK = "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1233 (unattended-upgr)\nE: Unable to acquire the dpkg frontend lock"
SCRIPT = """dpkg: error processing package haproxy (--configure):
 installed haproxy package post-installation script subprocess returned error exit status 1
Errors were encountered while processing:
 haproxy
E: Sub-process /usr/bin/dpkg returned an error code (1)
"""


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        (LOCK, LOCKED, "process 1233 (unattended-upgr) holds apt's lock; wait until it has ended"),
        ("E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem.", INTERRUPTED, "dpkg was interrupted, and packages are half-configured"),
        (
            "E: Failed to fetch http://192.0.2.9/debian/dists/bookworm/InRelease  Could not connect to 192.0.2.9:80 (192.0.2.9). - connect (111: Connection refused)\n"
            "E: Some index files failed to download. They have been ignored, or old ones used instead.",
            MIRROR,
            "the mirror does not give http://192.0.2.9/debian/dists/bookworm/InRelease (Could not connect to 192.0.2.9:80 (192.0.2.9). - connect "
            "(111: Connection refused)); see that it is reached and complete",
        ),
        ("E: You don't have enough free space in /var/cache/apt/archives/.", NO_ROOM, "there is no room on the disk: E: You don't have enough free space in /var/cache/apt/archives/.; make room, then run again"),
        ("dpkg: error processing archive x.deb (--unpack):\n cannot copy: No space left on device\nErrors were encountered while processing:\n x.deb", NO_ROOM, "there is no room on the disk: dpkg: error processing archive x.deb (--unpack):; make room, then run again"),
        (SCRIPT, BROKEN, "haproxy could not be configured: dpkg: error processing package haproxy (--configure): installed haproxy package post-installation script subprocess returned error exit status 1"),
        ("E: The repository 'http://192.0.2.9 bookworm InRelease' is not signed.", MIRROR, "the mirror's lists cannot be trusted: E: The repository 'http://192.0.2.9 bookworm InRelease' is not signed.; see the mirror, its date and the keys in /usr/share/keyrings"),
        ("E: Unable to correct problems, you have held broken packages.", BROKEN, "packages do not fit together: E: Unable to correct problems, you have held broken packages.; look at apt-get check and apt-mark showhold"),
        ("E: Version '9' for 'hello' was not found", OTHER, "E: Version '9' for 'hello' was not found"),
    ],
)  # fmt: skip
def test_each_trouble_is_told_in_one_line_with_what_to_do(said: str, kind: str, words: str) -> None:
    assert trouble(said) == (kind, words)


class Apt:
    """A runner that answers each call with the next text; the last one counts from then on. "" is success."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[Sequence[str]] = []
        self.environments: list[dict[str, str]] = []

    def __call__(self, argv: Sequence[str], **options: Any) -> Completed:
        self.asked.append(argv)
        self.environments.append(options.get("environment") or {})
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return Completed(tuple(argv), 100 if answer else 0, "", answer)


class Clock:
    """A clock that sleeping sets forward."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


def test_another_who_installs_is_waited_for_and_told() -> None:
    clock, told = Clock(), []
    AptGet(Apt(LOCK, LOCK, ""), 60, told.append, clock, clock.sleep).get("install", "x=1")
    assert told == ["process 1233 (unattended-upgr) holds apt's lock; wait until it has ended"] * 2


def test_whoever_holds_the_lock_too_long_is_named() -> None:
    clock = Clock()
    with pytest.raises(
        AptTrouble,
        match=r"apt-get install x=1 failed: process 1233 \(unattended-upgr\) holds apt's lock; .*waited for 60 s",
    ) as caught:
        AptGet(Apt(LOCK), 60, lambda _text: None, clock, clock.sleep).get("install", "x=1")
    assert caught.value.code == LOCKED
    assert clock.now == 60


def test_nothing_is_asked_and_nothing_restarted_by_apt_itself() -> None:
    apt = Apt("")
    AptGet(apt).get("install", "x=1")
    assert "Dpkg::Options::=--force-confold" in apt.asked[0]
    assert apt.environments[0]["NEEDRESTART_SUSPEND"] == "1"
    assert apt.environments[0]["DEBIAN_FRONTEND"] == "noninteractive"


def test_an_old_list_is_never_taken_for_a_new_one() -> None:
    apt = Apt("")
    AptGet(apt).update()
    assert "APT::Update::Error-Mode=any" in apt.asked[0]


def test_configuration_files_that_were_kept_are_named_by_what_lies_beside_them(tmp_path: Path) -> None:
    def dpkg(argv: Sequence[str], **_options: Any) -> Completed:
        assert argv[-1] == "x"
        return Completed(tuple(argv), 0, " /etc/x.conf 0123\n /etc/y.conf 0123\n\n", "")

    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/x.conf.dpkg-dist").touch()
    assert kept_conffiles(dpkg, ["x"], 0, tmp_path) == ["/etc/x.conf"]
    assert kept_conffiles(dpkg, ["x"], time.time() + 60, tmp_path) == []


def test_a_lock_is_no_trouble_of_the_packages() -> None:
    with pytest.raises(AptTrouble, match="holds apt's lock"):
        AptGet(Apt("", LOCK), 0).settle()


class Interrupted:
    """A dpkg that was killed while it unpacked `perl-base`; what it needs comes whole only from its file. `broken_script` never configures."""

    def __init__(self, *, broken_script: bool = False) -> None:
        self.states = {"perl-base": "half-installed", "perl": "unpacked", "old-config": "config-files"}
        self.broken_script = broken_script
        self.did: list[str] = []

    def __call__(self, argv: Sequence[str], **_options: Any) -> Completed:
        words = list(argv)
        if words[0] == "dpkg-query":
            rows = "".join(
                f"{name}\t{state}\t{'reinstreq' if state == 'half-installed' else 'ok'}\n"
                for name, state in self.states.items()
            )
            return Completed(tuple(argv), 0, rows, "")
        if words[:2] == ["dpkg", "--compare-versions"]:
            return Completed(tuple(argv), 0 if words[2] > words[4] else 1, "", "")
        if "--install" in words:
            self.did.append(words[-1].rpartition("/")[2])
            self.states["perl-base"] = "installed"
        whole = self.states["perl-base"] == "installed"
        if "--configure" in words and whole and not self.broken_script:
            self.states["perl"] = "installed"
        failed = self.states["perl"] != "installed" and ("--configure" in words or "check" in words)
        return Completed(tuple(argv), 1 if failed else 0, "", SCRIPT if failed else "")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lay both versions of the package on the host."""
    for name in ("perl-base_5.36-3_amd64.deb", "perl-base_5.36-4_amd64.deb"):
        (tmp_path / name).touch()
    monkeypatch.setattr(apt_get, "FILES", (tmp_path,))
    monkeypatch.setattr(apt_get, "JOURNAL", tmp_path)


@pytest.mark.usefixtures("files")
def test_what_was_killed_while_it_unpacked_is_completed_from_the_newest_file_on_the_host() -> None:
    dpkg = Interrupted()
    assert left_broken(dpkg) == ["perl-base is half-installed", "perl is unpacked"]
    steps = AptGet(dpkg).settle()
    assert dpkg.did == ["perl-base_5.36-4_amd64.deb"]
    assert steps == ["dpkg --configure --pending", "dpkg --install perl-base_5.36-4_amd64.deb"]
    assert left_broken(dpkg) == []
    assert AptGet(dpkg).settle() == []


@pytest.mark.usefixtures("files")
def test_a_script_that_fails_for_good_is_named() -> None:
    with pytest.raises(
        AptTrouble, match=r"haproxy could not be configured: .*post-installation script subprocess returned error"
    ):
        AptGet(Interrupted(broken_script=True)).settle()
