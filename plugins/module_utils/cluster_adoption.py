# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making data that is there known to Debian, while Debian's tool never learns where that data lies.

pg_createcluster ends every failure with pg_dropcluster, which removes the data directory that the configuration names, adopted data
included (postgresql-common, its END block). So it adopts a skeleton: a folder of ours beside the data that holds what it asks for and
nothing else. Last of all, in one rename, the configuration that it made is pointed at the data. The data directory is only read.
"""

from __future__ import annotations

import os
import pwd
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .cluster_creation import skeleton_of
from .errors import OpsError
from .files import TextFile, sync_folder, write_text
from .postgresql_server import SYSTEM_USER

__all__ = ["Adoption", "AdoptionError", "configured_data_directory"]

# Debian keeps these in /etc, so a backup of the data may not hold them; only the operating system's user gets in by these.
DEFAULTS = {"pg_hba.conf": "local all postgres peer\nlocal all all peer\n", "pg_ident.conf": ""}
SKELETON_FILES = ("PG_VERSION", "postgresql.conf", *DEFAULTS)
# What pg_createcluster makes, and pg_dropcluster removes; postgresql.conf.new is the first's temporary name.
CONFIGURATION_FILES = (
    "postgresql.conf", "postgresql.conf.new", *DEFAULTS, "start.conf", "pg_ctl.conf", "environment",
)  # fmt: skip
# Names are in any case, and the equals sign is optional (PostgreSQL documentation, chapter 20.1.2).
SETTING = re.compile(r"[ \t]*([a-z_][\w.]*)", re.I | re.A)
RELATIVE_INCLUDE = re.compile(
    r"^([ \t]*include(?:_dir|_if_exists)?(?:[ \t]*=[ \t]*|[ \t]+|(?=')))(?:'([^'/\n][^'\n]*)'|([a-z_][\w.:/-]*))",
    re.I | re.A | re.M,
)


class AdoptionError(OpsError):
    """Data cannot be adopted now; it was not touched."""


def configured_data_directory(configuration: str) -> Path | None:
    """Return where a postgresql.conf says that the data lies: the last word counts."""
    found = re.findall(r"^[ \t]*data_directory[ \t]*=?[ \t]*'([^']+)'", configuration, re.M | re.I)
    return Path(found[-1]) if found else None


@dataclass(frozen=True)
class Adoption:
    """The adoption of the data in a data directory.

    Attributes:
        data_directory: where the data lies; it is only read.
        configuration_directory: Debian's folder of the cluster's configuration.
        sample: the postgresql.conf for data that holds none.
    """

    data_directory: Path
    configuration_directory: Path
    sample: Path

    @property
    def skeleton(self) -> Path:
        """Stands beside the data from before Debian's tool begins until the configuration names the data."""
        return skeleton_of(self.data_directory)

    def unfinished(self, configured: Path | None) -> bool:
        """Whether an interrupted run left it half done, where Debian's configuration names `configured`."""
        return configured == self.skeleton or (self.skeleton.is_dir() and configured != self.data_directory)

    @property
    def main_file(self) -> TextFile:
        """Debian's postgresql.conf."""
        return TextFile(self.configuration_directory / "postgresql.conf", "", SYSTEM_USER, 0o644)

    def begin(self, *, again: bool) -> None:
        """Lay the skeleton; `again`, where an interrupted run has begun: what its tool left in /etc goes first.

        Raises:
            AdoptionError: something that is not ours is in the way; nothing was changed.
        """
        strangers = self.strangers()
        access_rules = self.configuration_directory / "pg_hba.conf"
        if not again and access_rules.exists():
            strangers.append(access_rules)
        if strangers:
            raise AdoptionError(
                f"{strangers[0]} is in the way, and is not of our making; look what it is, move it away, and run again. "
                "Nothing was changed"
            )
        self.skeleton.mkdir(mode=0o700, exist_ok=True)
        if again:  # not before the skeleton is there: it alone says that these files are nobody's
            for name in CONFIGURATION_FILES:
                (self.configuration_directory / name).unlink(missing_ok=True)
        account = pwd.getpwnam(SYSTEM_USER)
        os.chown(self.skeleton, account.pw_uid, account.pw_gid)
        contents = {name: self.own(name, default) for name, default in DEFAULTS.items()}
        # Named from the first: whenever the tool fails, this is the folder that pg_dropcluster reads of. The data's own file stays out
        # of its sight, since it may name the data, by itself or by a file that it includes.
        contents["postgresql.conf"] = f"data_directory = '{self.skeleton}'\n"
        contents["PG_VERSION"] = self.own("PG_VERSION", "")
        for name, content in contents.items():
            write_text(TextFile(self.skeleton / name, content, SYSTEM_USER, 0o640))

    def conclude(self) -> None:
        """Point the configuration that Debian's tool has made at the data, in one rename, and remove the skeleton.

        Raises:
            AdoptionError: the configuration is not what the tool makes of the skeleton.
        """
        made = self.main_file.current() or ""
        if configured_data_directory(made) != self.skeleton:
            raise AdoptionError(
                f"{self.main_file.path} does not name {self.skeleton}, though pg_createcluster has ended well; run again"
            )
        content = self.merged(self.own("postgresql.conf", TextFile(self.sample, "").current() or ""), made)
        write_text(TextFile(self.main_file.path, content, self.main_file.owner, self.main_file.mode))
        self.end()

    def merged(self, own: str, made: str) -> str:
        """Return the data's own configuration with Debian's settings below it, where they win.

        A setting stands once, as pg_conftool changes the first one it finds; files that are included stay where they are.
        """
        ours = [line for line in made.split("\n") if line and configured_data_directory(line) is None]
        ours.append(f"data_directory = '{self.data_directory}'")
        ours.sort(key=includes)  # conf.d has the last word
        replaced = {setting_name(line) for line in ours if not includes(line)} - {None}
        own = RELATIVE_INCLUDE.sub(lambda found: f"{found[1]}'{self.data_directory}/{found[2] or found[3]}'", own)
        kept = [f"#{line}" if setting_name(line) in replaced else line for line in own.removesuffix("\n").split("\n")]
        return "\n".join([*kept, "", "# Debian's, by pg_createcluster:", *ours]) + "\n"

    def end(self) -> None:
        """Remove the skeleton; a folder with anything else in it stays."""
        if not self.skeleton.is_dir() or self.strangers():
            return
        with suppress(FileNotFoundError):  # another run, which does the same
            for path in self.skeleton.iterdir():
                path.unlink(missing_ok=True)
            self.skeleton.rmdir()
            sync_folder(self.skeleton.parent)

    def strangers(self) -> list[Path]:
        """Return what stands in the skeleton's place and is not of our making."""
        if self.skeleton.is_symlink() or (self.skeleton.exists() and not self.skeleton.is_dir()):
            return [self.skeleton]
        if not self.skeleton.exists():
            return []
        # write_text's temporary names, too: the file's own behind a dot, and something more.
        ours = re.compile("|".join(rf"{re.escape(name)}|\.{re.escape(name)}\.\w+" for name in SKELETON_FILES))
        return sorted(path for path in self.skeleton.iterdir() if not ours.fullmatch(path.name) or path.is_dir())

    def own(self, name: str, default: str) -> str:
        """Return the data's own file, or `default` where it has none."""
        content = TextFile(self.data_directory / name, "").current()
        return default if content is None else content


def setting_name(line: str) -> str | None:
    """Return which parameter a line of postgresql.conf sets, if any."""
    found = SETTING.match(line)
    return found[1].lower() if found else None


def includes(line: str) -> bool:
    """Tell whether a line of postgresql.conf brings in other files."""
    return (setting_name(line) or "").startswith("include")
