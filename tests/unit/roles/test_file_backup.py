"""What role file_backup lays down on a host opens that host's repository alone; on ops that of each."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.traumalink.ops.plugins.plugin_utils.file_secrets import file_secrets
from jinja2.nativetypes import NativeEnvironment

ROLE = Path(__file__).resolve().parents[3] / "roles" / "file_backup"
SITE = "the passphrase of the site"


def task(file: str, name: str) -> dict[str, Any]:
    """Return a task of the role by its name."""
    tasks = yaml.safe_load((ROLE / "tasks" / file).read_text(encoding="utf-8"))
    (found,) = (each for each in tasks if each["name"] == name)
    result: dict[str, Any] = found
    return result


def filled(text: str, host: str, **variables: Any) -> Any:
    """Return what a text of the role comes to on a host of a site where two hosts name files."""
    jinja = NativeEnvironment()
    jinja.filters["traumalink.ops.file_secrets"] = file_secrets
    jinja.filters["product"] = product
    jinja.filters["ternary"] = lambda value, yes, no: yes if value else no
    own = {
        "inventory_hostname": host,
        "file_backup_passphrase": SITE,
        "__file_backup_names": ["app1", "db1"],
        "__file_backup_serves": host == "ops1",
    }
    return jinja.from_string(text).render(**own, **variables)


@pytest.mark.parametrize(
    ("host", "files"),
    [
        ("app1", {"app1.passphrase", "app1.login"}),
        ("ops1", {"app1.passphrase", "app1.login", "db1.passphrase", "db1.login"}),
    ],
)
def test_a_host_gets_its_own_secrets_and_ops_those_of_all(host: str, files: set[str]) -> None:
    laid = task("install.yml", "install | Lay down what opens the repository of this host, on ops that of each host")
    found = {}
    copied = laid["ansible.builtin.copy"]
    for item in filled(laid["loop"], host):
        found[Path(filled(copied["dest"], host, item=item)).name] = filled(copied["content"], host, item=item).strip()
    assert (copied["mode"], copied["owner"]) == ("0600", "root")
    assert found.keys() == files
    assert all(value == file_secrets(name.split(".")[0], SITE)[name.split(".")[1]] for name, value in found.items())
    assert laid["no_log"]


def test_the_server_lets_each_host_into_its_own_repository_alone() -> None:
    entries = task("server.yml", "server | Say who may come in, each to its own repository alone")
    values = entries["ansible.builtin.copy"]
    assert filled(values["content"], "ops1").split() == [file_secrets(host, SITE)["entry"] for host in ("app1", "db1")]
    unit = (ROLE / "templates" / "files.service.j2").read_text(encoding="utf-8")
    assert f"--private-repos --htpasswd={values['dest']} " in unit
    current = task("server.yml", "server | Run it with its files as they are")
    assert values["dest"] in current["traumalink.ops.service_current"]["files"]


def test_the_site_s_passphrase_is_laid_down_nowhere() -> None:
    for path in ROLE.glob("tasks/*.yml"):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert "file_backup_passphrase" not in line or "file_secrets" in line or path.stem == "preflight"
