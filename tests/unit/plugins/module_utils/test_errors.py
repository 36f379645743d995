"""One family of errors: whatever the domain raises for a person is caught by whoever catches OpsError."""

from __future__ import annotations

import importlib
import pickle
import pkgutil
from types import ModuleType

import pytest
from ansible_collections.traumalink.ops.plugins import module_utils, plugin_utils
from ansible_collections.traumalink.ops.plugins.module_utils.errors import CodedError, OpsError, code_of

INTERNAL = {"NoAnswerError"}  # health.py catches it itself: a module that does not answer yet is asked again


@pytest.mark.parametrize("package", [module_utils, plugin_utils])
def test_every_error_of_the_domain_is_of_the_family(package: ModuleType) -> None:
    strangers = set()
    for found in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{found.name}")
        for name, value in vars(module).items():
            own = isinstance(value, type) and issubclass(value, Exception) and value.__module__ == module.__name__
            if own and not issubclass(value, OpsError):
                strangers.add(name)
    assert strangers <= INTERNAL


def test_its_message_is_what_a_person_reads() -> None:
    assert (
        str(OpsError("the disk of db1 is full; free 2 GiB and run again"))
        == "the disk of db1 is full; free 2 GiB and run again"
    )


class FullError(CodedError):
    """One with a code of its own."""

    code = "full"


def test_a_code_is_the_classs_own_or_the_one_that_is_given() -> None:
    assert [code_of(error) for error in (FullError("x"), FullError("x", "lost"), CodedError("x"), OpsError("x"))] == [
        "full",
        "lost",
        "",
        "",
    ]
    assert str(FullError("The disk is full.", "lost")) == "The disk is full."
    assert str(pickle.loads(pickle.dumps(FullError("The disk is full.")))) == "The disk is full."  # noqa: S301 - our own
