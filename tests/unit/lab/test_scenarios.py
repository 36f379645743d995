"""What is read out of a scenario's log."""

from __future__ import annotations

from scenarios import COLOUR, COUNTS, FAILED_TEST, SUMMARY

LOG = """
  \x1b[2m│\x1b[0m =========================== short test summary info ============================
  \x1b[2m│\x1b[0m FAILED molecule/restore/tests/test_restore.py::test_a_target[yes-no] - AssertionError: no
  \x1b[2m│\x1b[0m ERROR ../resources/tests/test_check_mode.py::test_check_mode
  \x1b[2m│\x1b[0m 1 failed, 58 passed, 1 error in 2013.24s (0:33:33)
\x1b[31mERROR   \x1b[0m Verifier tests failed
"""


def test_names_and_counts_are_found_in_the_frame_that_molecule_draws() -> None:
    printed = COLOUR.sub("", LOG)
    assert FAILED_TEST.findall(printed) == [
        "FAILED molecule/restore/tests/test_restore.py::test_a_target[yes-no]",
        "ERROR ../resources/tests/test_check_mode.py::test_check_mode",
    ]
    assert COUNTS.findall(" ".join(SUMMARY.findall(printed))) == [("1", "failed"), ("58", "passed"), ("1", "error")]
