"""Errors that a program tells apart, whatever their words are."""

from __future__ import annotations

import pickle

from ansible_collections.traumalink.ops.plugins.module_utils.errors import CodedError, OpsError, code_of


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
