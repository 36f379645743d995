"""People are told of refusals, failures and emergencies by mail and webhook, and the hospital gets each new head to keep."""

import http.server
import json
import socketserver
import threading
from datetime import timedelta
from email import message_from_string, policy

import pytest
from operations import CONTACT, contract, last_record, verb


class Mailbox(socketserver.StreamRequestHandler):
    """As much of RFC 5321 as takes a mail in."""

    def handle(self):
        self.wfile.write(b"220 lab\r\n")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = []
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(line.decode())
                self.server.received.append(message_from_string("".join(lines), policy=policy.default))
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")


class Hook(http.server.BaseHTTPRequestHandler):
    """Keeps what it is posted."""

    def do_POST(self):
        self.server.received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(self.server.answer).encode())

    def log_message(self, *_words):
        """Say nothing."""


def serving(kind, handler):
    """Start a server on a free port of this machine."""
    server = kind(("127.0.0.1", 0), handler)
    server.received, server.answer = [], {"errcode": 0, "errmsg": "ok"}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture
def mailbox():
    """Give a mail server."""
    server = serving(socketserver.ThreadingTCPServer, Mailbox)
    yield server
    server.shutdown()


@pytest.fixture
def hook():
    """Give a web server."""
    server = serving(http.server.ThreadingHTTPServer, Hook)
    yield server
    server.shutdown()


def told(mailbox, hook):
    """Return the variables that lead to both."""
    return {
        "operation_mail_to": ["information.centre@hospital.example.org"],
        "operation_mail_host": "127.0.0.1",
        "operation_mail_port": mailbox.server_address[1],
        "operation_mail_secure": "never",
        "operation_webhook_url": f"http://127.0.0.1:{hook.server_address[1]}/hook",
    }


def test_a_refusal_is_told_in_both_languages(mailbox, hook):
    closed = contract(opens_in=timedelta(hours=3))
    run = verb(flow_verb="upgrade", contract=closed, **told(mailbox, hook))
    assert run.status != 0
    (mail,) = mailbox.received
    text = mail.get_body().get_content()
    assert "refused" in mail["Subject"]
    assert "操作未获准执行" in text
    assert "The operation was refused before anything was changed." in text
    assert last_record()["run_id"] in text
    (body,) = hook.received
    assert (body["event"], body["verb"], body["run_id"]) == ("refused", "upgrade", last_record()["run_id"])


def test_an_emergency_is_told_and_a_success_is_not(mailbox, hook):
    assert verb(**told(mailbox, hook)).succeeded
    assert (mailbox.received, hook.received) == ([], [])
    run = verb(
        flow_verb="upgrade",
        contract=contract(opens_in=timedelta(hours=3)),
        operation_emergency_reason="the application hangs",
        operation_emergency_by="approver",
        **told(mailbox, hook),
    )
    assert run.succeeded, run.output[-3000:]
    assert [body["event"] for body in hook.received] == ["emergency", "emergency_ended"]
    assert "the application hangs" in mailbox.received[0].get_body().get_content()


def emergency(**variables):
    """Run an upgrade outside its window; the inventory names no address."""
    li_na = {**CONTACT, "id": "li_na", "mail": "li.na@hospital.example.org"}
    return verb(
        flow_verb="upgrade",
        contract=contract(opens_in=timedelta(hours=3), contacts=[li_na]),
        operation_emergency_reason="the application hangs",
        operation_emergency_by="li_na",
        **variables,
    )


def test_without_an_address_in_the_inventory_the_hospital_s_contacts_are_told_of_an_emergency(mailbox, hook):
    server = told(mailbox, hook)
    run = emergency(
        **{name: server[name] for name in server if name.startswith("operation_mail_") and name != "operation_mail_to"}
    )
    assert run.succeeded, run.output[-3000:]
    assert [mail["To"] for mail in mailbox.received] == ["li.na@hospital.example.org"] * 2
    assert "emergency_undelivered" not in last_record()["figures"]


def test_an_emergency_without_a_mail_server_goes_on_and_its_record_says_that_nobody_was_told():
    run = emergency(operation_mail_host="127.0.0.1", operation_mail_port=1)
    assert run.succeeded, run.output[-3000:]
    assert run.says("The hospital may not know of this emergency"), run.output[-3000:]
    record = last_record()
    assert (record["outcome"], record["emergency"]["by"]) == ("success", "li_na")
    assert "The mail was not sent" in record["figures"]["emergency_undelivered"]


def test_a_message_that_cannot_be_sent_changes_nothing_about_the_operation():
    run = verb(
        flow_failing=["app1"],
        operation_mail_to=["somebody@hospital.example.org"],
        operation_mail_host="127.0.0.1",
        operation_mail_port=1,
        operation_webhook_url="http://127.0.0.1:1/hook",
    )
    assert run.status != 0
    assert run.says("Nobody was told by that way"), run.output[-3000:]
    assert last_record()["outcome"] == "rolled_back"
    assert last_record()["reason"] == "app1: the work fails on app1"


def test_a_robot_that_refuses_a_message_is_said_without_its_address(hook):
    hook.answer = {"errcode": 93000, "errmsg": "invalid webhook url"}
    run = verb(
        flow_failing=["app1"],
        operation_webhook_format="wecom",
        operation_webhook_url=f"http://127.0.0.1:{hook.server_address[1]}/send?key=S3cret",
    )
    assert run.status != 0
    assert [body["msgtype"] for body in hook.received] == ["text"]
    assert run.says("The webhook refused the message: errcode 93000, invalid webhook url."), run.output[-3000:]
    assert "S3cret" not in run.output


def test_the_hospital_gets_each_new_head(mailbox, hook):
    variables = told(mailbox, hook)
    run = verb(
        operation_head_mail_to=variables.pop("operation_mail_to"),
        operation_head_webhook_url=variables.pop("operation_webhook_url"),
        **variables,
    )
    assert run.succeeded, run.output[-3000:]
    (body,) = hook.received
    assert body["event"] == "ledger_head"
    assert len(body["hash"]) == 64
    assert "BEGIN SSH SIGNATURE" in mailbox.received[0].get_body().get_content()
