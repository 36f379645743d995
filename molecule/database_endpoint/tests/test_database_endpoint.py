"""Who is primary is asked of the servers, known to every host, and never assumed."""

from flows import at, converge

ONLY_LOOK = ("--start-at-task", "Look up who is primary")


def test_every_host_learns_who_is_primary():
    run = converge()
    assert run.succeeded, run.output
    assert run.output.count("the primary is db1") == 5


def test_a_server_that_is_down_is_not_the_primary():
    at("db1").check_output("systemctl stop 'postgresql@*' && echo stopped")
    try:
        run = converge(*ONLY_LOOK)
        assert run.status != 0
        assert run.says(
            "no database host is primary (db1 is down); start the server, or bring it back with traumalink.ops.restore"
        ), run.output[-2000:]
    finally:
        at("db1").check_output("systemctl start postgresql && echo started")
