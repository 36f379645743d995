# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How roles, databases and privileges differ from what is wanted: one look at the catalogs (PostgreSQL documentation, part VII, chapter 53).

What this cannot judge counts as different: then the modules that bring it about look themselves.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .postgresql_server import Server

__all__ = ["DatabaseWanted", "Privilege", "Rights", "RoleWanted", "has_password", "read_rights"]

# Each as jsonb, in which no name can end a line. All are read whole, so that no name stands in a statement.
ROLES = """
SELECT jsonb_object_agg(rolname, jsonb_build_object('SUPERUSER', rolsuper, 'INHERIT', rolinherit, 'CREATEROLE', rolcreaterole, 'CREATEDB', rolcreatedb,
  'LOGIN', rolcanlogin, 'REPLICATION', rolreplication, 'BYPASSRLS', rolbypassrls, 'connections', rolconnlimit, 'password', rolpassword)) FROM pg_authid
"""
DATABASES = "SELECT jsonb_object_agg(datname, pg_get_userbyid(datdba)) FROM pg_database"
EXTENSIONS = "SELECT jsonb_agg(extname) FROM pg_extension"
GRANTEE = "CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee) END"
GRANTS = f"""
SELECT coalesce(jsonb_agg(jsonb_build_array(kind, object, grantee, privilege)), '[]') FROM (
  SELECT 'database' AS kind, datname::text AS object, {GRANTEE} AS grantee, a.privilege_type AS privilege
    FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) a
  UNION ALL SELECT 'function', n.nspname || '.' || p.proname || '(' || replace(oidvectortypes(p.proargtypes), ', ', ',') || ')', {GRANTEE}, a.privilege_type
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace, aclexplode(p.proacl) a
  UNION ALL SELECT 'group', pg_get_userbyid(m.roleid), pg_get_userbyid(m.member), 'MEMBER' FROM pg_auth_members m
) found
"""  # noqa: S608 - no value from outside
FLAGS = ("SUPERUSER", "INHERIT", "CREATEROLE", "CREATEDB", "LOGIN", "REPLICATION", "BYPASSRLS")


@dataclass(frozen=True)
class RoleWanted:
    """A role: flags as `ALTER ROLE` writes them, behind commas; password and number of connections where they matter."""

    name: str
    flags: str
    password: str | None = None
    connections: int | None = None


@dataclass(frozen=True)
class DatabaseWanted:
    """A database that its owner has, and nobody enters who is not named."""

    name: str
    owner: str


@dataclass(frozen=True)
class Privilege:
    """What a role may do, as community.postgresql.postgresql_privs takes it: `objects` and `privileges` behind commas, `type` their kind."""

    database: str
    type: str
    objects: str
    role: str
    privileges: str | None = None
    schema: str | None = None

    def grants(self) -> list[tuple[str, str, str, str]] | None:
        """Return the single grants as `Rights.grants` has them, or None where this cannot be judged."""
        objects = [name.strip() for name in self.objects.split(",")]
        words = [word.strip().upper() for word in (self.privileges or "").split(",")]
        if self.type == "group":
            words = ["MEMBER"]
        elif self.type == "function" and self.database == "postgres" and self.schema:
            objects = [f"{self.schema}.{name.replace(':', ',')}" for name in objects]
        elif self.type != "database":
            return None
        if not all(words) or "ALL" in words:
            return None
        return [
            (self.type, name, role.strip(), word) for name in objects for role in self.role.split(",") for word in words
        ]


@dataclass(frozen=True)
class Rights:
    """What there is: roles with their flags, databases with their owners, extensions of `postgres`, and grants (kind, object, to whom, privilege)."""

    roles: Mapping[str, Mapping[str, Any]]
    databases: Mapping[str, str]
    extensions: Collection[str] = ()
    grants: Collection[tuple[str, str, str, str]] = field(default_factory=frozenset)

    def amiss(
        self,
        roles: Sequence[RoleWanted],
        databases: Sequence[DatabaseWanted],
        extensions: Sequence[str],
        privileges: Sequence[Privilege],
    ) -> Iterator[str]:
        """Yield what is not as wanted, in words that tell no password."""
        for role in roles:
            yield from self.role_amiss(role)
        for database in databases:
            if self.databases.get(database.name) != database.owner:
                yield f"{database.name} does not belong to {database.owner}"
            for word in ("CONNECT", "TEMPORARY"):
                if ("database", database.name, "PUBLIC", word) in self.grants:
                    yield f"everybody has {word} on {database.name}"
        yield from (f"postgres has no extension {name}" for name in extensions if name not in self.extensions)
        for privilege in privileges:
            grants = privilege.grants()
            if grants is None:
                yield f"privileges on {privilege.type} {privilege.objects} are not judged here"
            else:
                yield from (
                    f"{to} has no {word} on {kind} {name}"
                    for kind, name, to, word in grants
                    if (kind, name, to, word) not in self.grants
                )

    def role_amiss(self, wanted: RoleWanted) -> Iterator[str]:
        """Yield what is not as wanted of a role."""
        found = self.roles.get(wanted.name)
        if found is None:
            yield f"there is no role {wanted.name}"
            return
        for word in filter(None, (word.strip().upper() for word in wanted.flags.split(","))):
            name = word if word in FLAGS else word.removeprefix("NO")
            if name not in FLAGS or found[name] is not (word == name):
                yield f"{wanted.name} is not {word}"
        if wanted.connections not in (None, found["connections"]):
            yield f"{wanted.name} may have {found['connections']} connections"
        if wanted.password is not None and not has_password(found["password"] or "", wanted.password):
            yield f"{wanted.name} has another password"


def has_password(verifier: str, password: str) -> bool:
    """Tell whether the server's verifier is that of a password (RFC 5803); one that needs SASLprep is not judged, and counts as another."""
    parts = re.fullmatch(r"SCRAM-SHA-256\$(\d+):([^$:]+)\$([^$:]+):([^$:]+)", verifier)
    if parts is None or not password.isascii():
        return False
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(parts[2]), int(parts[1]))
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    return hmac.compare_digest(stored, base64.b64decode(parts[3]))


def read_rights(server: Server) -> Rights:
    """Read what there is, as the server's own user.

    Raises:
        ServerError: the server is away.
    """
    roles, databases, extensions, grants = (
        json.loads(row[0]) for row in server.session([ROLES, DATABASES, EXTENSIONS, GRANTS])
    )
    return Rights(roles, databases, extensions, frozenset(tuple(grant) for grant in grants))
