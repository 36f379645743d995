"""A Debian system of a few packages below a folder, with mirrors that are folders too: real apt and real .deb files, no root, no network."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

COLLECTIONS = Path(__file__).resolve().parents[3] / "build" / "collections"
PYTHON = "/usr/bin/python3"  # Debian's own, which has python-apt; the tools' environment has not
ASK = """
import json, sys
from dataclasses import asdict
from pathlib import Path
from ansible_collections.traumalink.ops.plugins.module_utils.apt_host import opened
host = opened("bookworm", Path(sys.argv[1]), sys.argv[4] == "clusters")
pending = host.pending(sys.argv[2], lambda name: name in sys.argv[3].split())
told = {name: [each.as_dict() for each in getattr(pending, name)] for name in ("updates", "other", "held", "kept_back")}
print(json.dumps({**told, "security_source": pending.security_source, "installed": host.installed()}))
"""


@dataclass(frozen=True)
class Deb:
    """One package version; `source` is the field of that name where it differs from the package's own."""

    name: str
    version: str
    depends: str = ""
    source: str = ""
    extra: str = ""

    def stanza(self) -> str:
        """Return its fields as they stand in control, Packages and status."""
        fields = {
            "Package": self.name, "Version": self.version, "Architecture": "all", "Maintainer": "A <a@example.org>",
            "Source": self.source, "Depends": self.depends, "Description": self.name,
        }  # fmt: skip
        return "".join(f"{key}: {value}\n" for key, value in fields.items() if value) + self.extra


@dataclass
class AptSystem:
    """Installed packages, with dpkg's wish beside each (`install` or `hold`), and mirrors by codename."""

    root: Path
    installed: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Lay the folders out that apt wants."""
        for folder in (
            "etc/apt/apt.conf.d", "etc/apt/sources.list.d", "etc/apt/preferences.d", "var/lib/dpkg/info", "var/lib/dpkg/updates",
            "var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "var/log/apt",
        ):  # fmt: skip
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        (self.root / "var/lib/dpkg/status").touch()

    def has(self, deb: Deb, wish: str = "install", state: str = "ok installed") -> None:
        """Count a package as installed."""
        self.installed[deb.name] = f"{deb.stanza()}Status: {wish} {state}\n"
        text = "\n".join(self.installed.values())
        (self.root / "var/lib/dpkg/status").write_text(text, encoding="utf-8")

    def mirror(self, label: str, codename: str, *debs: Deb) -> None:
        """Add a mirror that offers packages."""
        place = self.root / "mirrors" / codename
        binary = place / "dists" / codename / "main" / "binary-amd64"
        binary.mkdir(parents=True)
        stanzas = []
        for deb in debs:
            file = place / f"{deb.name}_{deb.version}_all.deb"
            file.write_bytes(f"{deb.name} {deb.version}".encode())
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            stanzas.append(f"{deb.stanza()}Filename: {file.name}\nSize: {file.stat().st_size}\nSHA256: {digest}\n")
        (binary / "Packages").write_text("\n".join(stanzas), encoding="utf-8")
        compressed = binary / "Packages.gz"
        compressed.write_bytes(gzip.compress((binary / "Packages").read_bytes()))
        sums = "".join(
            f" {hashlib.sha256(file.read_bytes()).hexdigest()} {file.stat().st_size} main/binary-amd64/{file.name}\n"
            for file in (binary / "Packages", compressed)
        )
        head = f"Origin: Debian\nLabel: {label}\nSuite: oldstable\nCodename: {codename}\nArchitectures: amd64\nComponents: main\nSHA256:\n"
        (place / "dists" / codename / "Release").write_text(head + sums, encoding="utf-8")
        with (self.root / "etc/apt/sources.list").open("a", encoding="utf-8") as sources:
            sources.write(f"deb [trusted=yes] file:{place} {codename} main\n")

    def options(self) -> list[str]:
        """Return the options by which apt-get works on this system."""
        return [
            "-o", f"Dir={self.root}", "-o", f"Dir::State::status={self.root}/var/lib/dpkg/status", "-o", "Debug::NoLocking=true",
            "-o", "APT::Sandbox::User=", "-o", "APT::Architecture=amd64", "-o", "APT::Architectures::=amd64",
        ]  # fmt: skip

    def refresh(self) -> None:
        """Read the mirrors' lists."""
        done = subprocess.run(["apt-get", *self.options(), "-qq", "update"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def pending(self, scope: str = "security", lying_there: str = "", clusters: str = "") -> dict[str, Any]:
        """Return what our own code tells of it, run by the Python that has python-apt."""
        done = subprocess.run(
            [PYTHON, "-c", ASK, str(self.root), scope, lying_there, clusters],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(COLLECTIONS)},
        )
        assert done.returncode == 0, done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        return told
