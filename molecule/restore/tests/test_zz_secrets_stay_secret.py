"""An application host is made anew with everything at -vvv: no password or key is in the output, or in the list of processes.

Of a database host that is made anew, test_restore.py sees the same.
"""

import subprocess

from flows import lab, play
from secret_watch import SecretWatch, lab_secrets, see_nothing_secret


def test_the_look_at_processes_would_see_a_secret():
    with SecretWatch({"x": "a-secret-that-everybody-sees"}) as watch, subprocess.Popen(
        ["python3", "-c", "import time; time.sleep(1)", "a-secret-that-everybody-sees"]
    ) as process:  # fmt: skip
        process.wait()
    assert watch.found == {"x"}


def test_nothing_secret_is_printed_or_listed_while_a_host_is_made_anew():
    lab("lose", "app1")
    lab("up", "app1")
    with SecretWatch(lab_secrets()) as watch:
        runs = {"site": play("site", "-vvv", "--diff"), "backup": play("backup", "-vvv", "--diff")}
    for run in runs.values():
        assert run.succeeded, run.output[-3000:]
    assert runs["site"].changed.keys() >= {"app1"}
    see_nothing_secret(watch, runs)
