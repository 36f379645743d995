"""A site's secrets, and what looks like one, never get through; what is none is left; nothing that is odd makes it fail."""

from __future__ import annotations

from typing import Any

import pytest
from ansible._internal._datatag._tags import VaultedValue
from ansible_collections.traumalink.ops.plugins.plugin_utils.secrecy import blotted, without_secrets
from hypothesis import given
from hypothesis import strategies as st

VALUE = "correct-horse-battery"
KEY = f"-----BEGIN OPENSSH PRIVATE KEY-----\n{VALUE}\nQyNTUxOQAAACB8\n-----END OPENSSH PRIVATE KEY-----\n"


class EncryptedString:
    """As ansible-core has a value of a vault that nobody has asked for yet."""

    def __init__(self, value: str = "") -> None:
        self.value = value

    def __str__(self) -> str:
        if not self.value:
            raise ValueError("no vault password")
        return self.value


class HostVars(dict[str, Any]):
    """As Ansible's: an item is templated, the raw one is not."""

    def raw_get(self, host: str) -> Any:
        return dict.__getitem__(self, host)

    def __getitem__(self, host: str) -> Any:
        raise AssertionError("templated")


@pytest.mark.parametrize(
    "variables",
    [
        {"deploy_database_user_password": VALUE},
        {"ansible_become_pass": VALUE},
        {"backup_passphrase": VALUE},
        {"site_countersign_key": KEY},
        {"site_ca_private_key": KEY},
        {"operation_webhook_url": VALUE},
        {"operation_head_webhook_url": VALUE},
        {"backup_check_heartbeat_url": VALUE},
        {"secrets": {"of": [{"the_name": VALUE}]}},
        {"postgresql_roles": [{"name": "trauma_owner", "password": VALUE}]},
        {"api_tokens": [VALUE]},
        {"site_ca_private_key": EncryptedString(VALUE)},
        {"harmless": EncryptedString(VALUE)},
        {"nested": {"harmless": [EncryptedString(VALUE)]}},
        {"harmless": VaultedValue(ciphertext="$ANSIBLE_VAULT…").tag(VALUE)},
        {"broken_password": EncryptedString(), "other_password": VALUE},
    ],
)
def test_the_value_of_a_secret_is_blotted_out_wherever_it_stands(variables: dict[str, Any]) -> None:
    text = f"cannot log in with {VALUE} at db1"
    assert without_secrets(text, variables) == "cannot log in with *** at db1"
    hostvars = {"app1": {}, "db1": variables}
    assert without_secrets(text, {"hostvars": hostvars}, ["app1", "db1"]) == "cannot log in with *** at db1"
    assert without_secrets(text, {"hostvars": HostVars(hostvars)}, ["db1", "gone"]) == "cannot log in with *** at db1"
    assert VALUE in without_secrets(text, {"hostvars": hostvars}, ["app1"])


def test_of_two_secrets_the_longer_one_leaves_nothing() -> None:
    variables = {"first_password": VALUE, "second_password": f"{VALUE}-staple"}
    assert without_secrets(f"with {VALUE}-staple", variables) == "with ***"


@pytest.mark.parametrize(
    "variables",
    [
        {"site_countersign_public_key": f"ssh-ed25519 {VALUE}"},
        {"contacts": [{"signing_keys": [f"ssh-ed25519 {VALUE}"]}]},
        {"secrets_file": VALUE},
        {"ansible_ssh_private_key_file": VALUE},
        {"operation_mail_user": VALUE},
        {"a_password": f"{{{{ {VALUE} }}}}"},
        {"a_password": None, "b_password": True, "c_password": ""},
        {"a_password": "horse"},  # too short to tell from a word
    ],
)
def test_what_is_no_secret_is_left(variables: dict[str, Any]) -> None:
    assert without_secrets(f"see {VALUE}", variables) == f"see {VALUE}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("PGPASSWORD=S3cret psql failed", "PGPASSWORD=… psql failed"),
        ("FATAL: password='S3cret' sslmode=x", "FATAL: password=… sslmode=x"),
        ("postgresql://owner:S3cret@db1:5432/trauma", "postgresql://…@db1:5432/trauma"),
        ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=S3cret", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…"),
        ("https://oapi.dingtalk.com/robot/send?access_token=S3cret", "https://oapi.dingtalk.com/robot/send?access_token=…"),
        ("duplicate key value violates unique constraint", "duplicate key value violates unique constraint"),
    ],
)  # fmt: skip
def test_what_looks_like_a_secret_is_blotted_out_without_any_variable(text: str, told: str) -> None:
    assert blotted(text) == told
    assert without_secrets(text, {}) == told


def test_an_error_within_costs_the_text_and_nothing_else() -> None:
    class Broken(dict[str, Any]):
        def __iter__(self) -> Any:
            raise RuntimeError

    told = without_secrets(VALUE, Broken())
    assert told == "the text cannot be shown without its secrets (RuntimeError)"


def test_what_refers_to_itself_comes_to_an_end() -> None:
    endless: dict[str, Any] = {"db_password": VALUE}
    endless["again"] = endless
    assert without_secrets(VALUE, {"endless": endless}) == "***"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=60),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
)


@given(text=st.text(max_size=300), variables=st.dictionaries(st.text(max_size=12), JSON, max_size=4))
def test_nothing_makes_it_fail(text: str, variables: dict[str, Any]) -> None:
    assert isinstance(without_secrets(text, variables, ["db1"]), str)
