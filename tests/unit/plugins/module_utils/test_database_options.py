"""The option `database` fits what it is made into."""

from __future__ import annotations

from ansible_collections.traumalink.ops.plugins.module_utils.database_access import DatabaseAccess
from ansible_collections.traumalink.ops.plugins.module_utils.database_options import DATABASE_OPTIONS


def test_the_required_options_are_those_without_a_default() -> None:
    given = {name: "x" for name, option in DATABASE_OPTIONS.items() if option.get("required")}
    defaults = {name: option["default"] for name, option in DATABASE_OPTIONS.items() if "default" in option}
    made = DatabaseAccess(**given, **defaults)
    assert (made.port, made.ca_file) == (5432, "/etc/traumalink/tls/ca.crt")
    assert given.keys().isdisjoint(defaults)


def test_ansible_hides_the_password_and_nothing_else() -> None:
    assert [name for name, option in DATABASE_OPTIONS.items() if option.get("no_log")] == ["password"]
