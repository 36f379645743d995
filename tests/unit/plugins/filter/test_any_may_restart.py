"""Whether any host of a run may restart what serves."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.filter.any_may_restart import FilterModule

HOSTS = ["edge1", "db1"]


@pytest.mark.parametrize(
    ("variables", "allowed"),
    [
        ({"edge1": {}, "db1": {}}, False),
        ({"edge1": {"deploy_may_restart": "false"}, "db1": {"deploy_may_restart": "false"}}, False),
        ({"edge1": {"deploy_may_restart": "false"}, "db1": {"postgresql_may_restart": "true"}}, True),
        ({"edge1": {}, "db1": {"postgresql_may_restart": True}}, True),
        ({"edge1": {"deploy_may_restart": "yes"}, "db1": {}}, True),
    ],
)
def test_each_hosts_own_word_counts(variables: dict[str, Any], allowed: bool) -> None:
    assert FilterModule().filters()["any_may_restart"](HOSTS, variables) is allowed


def test_what_is_no_truth_value_is_an_error() -> None:
    with pytest.raises(AnsibleFilterError, match="not a valid boolean"):
        FilterModule().filters()["any_may_restart"](HOSTS, {"edge1": {"deploy_may_restart": "perhaps"}})
