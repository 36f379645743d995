"""A deployed application: sandboxed, unprivileged, behind HAProxy, with its secrets out of sight; and bad releases refused."""

import collections
import concurrent.futures
import json
import socket
import ssl
import struct
import subprocess
import time
import urllib.request

import pytest
from flows import LAB, address, at, play

TLS = "/etc/traumalink/tls"


def get(name, url, method="GET", certificate=False):
    """Ask an address from a host; return status and body. curl is not on the hosts, Python is."""
    script = (
        "import http.client, ssl, sys, urllib.parse\n"
        f"u = urllib.parse.urlsplit({url!r})\n"
        "if u.scheme == 'https':\n"
        f"    c = ssl.create_default_context(cafile='{TLS}/ca.crt')\n"
        f"    {certificate!r} and c.load_cert_chain('{TLS}/host.crt', '{TLS}/host.key')\n"
        "    h = http.client.HTTPSConnection(u.hostname, u.port, context=c, timeout=10)\n"
        "else:\n"
        "    h = http.client.HTTPConnection(u.hostname, u.port, timeout=10)\n"
        f"h.request({method!r}, u.path)\n"
        "r = h.getresponse()\n"
        "print(r.status, dict((k.lower(), v) for k, v in r.getheaders()), sep='\\n')\n"
        "print(r.read().decode())\n"
    )
    done = at(name).run("python3 -c %s", script)
    if done.rc != 0:
        raise ConnectionError(done.stderr.strip().splitlines()[-1])
    status, headers, body = done.stdout.split("\n", 2)
    return int(status), headers, body


@pytest.mark.parametrize("name", ["app1", "app2"])
def test_processes_run_unprivileged_and_sandboxed(name):
    host = at(name)
    web = host.service("trauma-web@blue")
    assert web.is_running
    assert web.is_enabled
    assert {process.user for process in host.process.filter(comm="gunicorn")} == {"trauma"}
    shown = host.check_output(
        "systemctl show trauma-web@blue -p NoNewPrivileges,ProtectSystem,CapabilityBoundingSet,User"
    )
    assert set(shown.split()) == {
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "CapabilityBoundingSet=",
        "User=trauma",
    }
    security = host.check_output("systemd-analyze security trauma-web@blue --no-pager").splitlines()[-1]
    assert float(security.rsplit(":", 1)[1].split()[0]) < 2.0
    # What the kernel says of the process itself.
    pid = host.check_output("systemctl show trauma-web@blue -p MainPID --value")
    status = dict(
        line.split(":\t", 1) for line in host.file(f"/proc/{pid}/status").content_string.splitlines() if ":\t" in line
    )
    assert (status["CapBnd"].strip("0"), status["NoNewPrivs"], status["Seccomp"]) == ("", "1", "2")
    assert host.run("nsenter -t %s -m touch /usr/written", pid).rc != 0


def test_a_singleton_runs_on_one_host_only():
    assert at("app1").service("trauma-registry-worker@blue").is_running
    second = at("app2").service("trauma-registry-worker@blue")
    assert not second.is_running
    assert not second.is_enabled


@pytest.mark.parametrize("name", ["app1", "app2"])
def test_slot_and_register_say_the_same(name):
    host = at(name)
    register = json.loads(host.file("/var/lib/traumalink/trauma/releases.json").content_string)
    assert register["current"] == {"version": "1.0.0", "slot": "blue"}
    assert register["previous_good"] is None
    assert register["releases"]["1.0.0"]["activated_at"].endswith("Z")
    assert host.file("/opt/trauma/slots/blue").linked_to == "/opt/trauma/releases/1.0.0"
    assert host.file("/opt/trauma/documents").linked_to == "/opt/trauma/releases/1.0.0"
    assert not host.file("/opt/trauma/slots/green").exists
    release = host.file("/opt/trauma/releases/1.0.0")
    assert (release.user, release.mode) == ("root", 0o555)
    assert host.check_output("find /opt/trauma/releases \\( -not -user root -o -perm /222 -type f \\) | wc -l") == "0"
    assert host.check_output("ls -A /opt/trauma/releases") == "1.0.0"


@pytest.mark.parametrize("name", ["app1", "app2"])
def test_secrets_can_be_read_by_their_user_only(name):
    host = at(name)
    password = host.file("/etc/traumalink/trauma/pgpass")
    assert (password.user, password.mode) == ("trauma", 0o600)
    secret = password.content_string.strip().rsplit(":", 1)[1]
    assert len(secret) > 20
    assert secret not in host.check_output("ps -eo args")
    assert secret not in host.check_output("systemctl show trauma-web@blue")
    assert secret not in host.check_output("journalctl --no-pager -o cat")
    for user in ("nobody", "trauma-migration"):
        assert host.run(f"setpriv --reuid={user} --clear-groups cat /etc/traumalink/trauma/pgpass").rc != 0
    # The owner's password was there for the migration only.
    assert host.run("find /run/traumalink /tmp /var/tmp -name 'pgpass*'").stdout == ""
    assert host.run("grep -rl trauma_owner /etc/traumalink /etc/systemd/system").stdout == ""


def test_both_hosts_serve_through_the_edge():
    servers = at("edge1").check_output(
        "python3 -c \"import socket; s=socket.socket(socket.AF_UNIX); s.connect('/run/haproxy/admin.sock'); "
        "s.sendall(b'show servers state application\\n'); print(s.makefile().read())\""
    )
    # Fields: id, backend, id, name, address, operational state (2 is running), administrative state (0 is in service).
    states = {
        line.split()[3]: line.split()[5:7]
        for line in servers.splitlines()
        if line.startswith("3 ") or " application " in line
    }
    assert states["app1-blue"] == ["2", "0"]
    assert states["app2-blue"] == ["2", "0"]
    assert states["app1-green"][1] != "0"
    assert states["app2-green"][1] != "0"
    status, headers, body = get("edge1", f"https://{address('edge1')}/version")
    assert (status, json.loads(body)["version"]) == (200, "1.0.0")
    assert "strict-transport-security" in headers


@pytest.mark.parametrize("module", ["prehospital", "triage", "treatment", "registry", "statistics"])
def test_every_functional_module_is_healthy_for_browsers(module):
    status, _headers, body = get("ops1", f"https://{address('edge1')}/health/{module}")
    assert (status, json.loads(body)["status"]) == (200, "healthy")


def test_plain_http_is_led_to_https():
    status, headers, _body = get("ops1", f"http://{address('edge1')}/triage")
    assert status == 301
    assert f"https://{address('edge1')}/triage" in headers


def test_the_application_refuses_who_has_no_certificate_of_the_site():
    url = f"https://{address('app1')}:8001/version"
    assert get("edge1", url, certificate=True)[0] == 200
    with pytest.raises(ConnectionError):
        get("edge1", url)


def test_clients_that_go_before_they_have_said_anything_take_no_worker_with_them():
    workers = "pgrep -P $(systemctl show -P MainPID trauma-web@blue) | sort"
    before = at("app1").check_output(workers)
    for attempt in range(60):
        with socket.create_connection((address("app1"), 8001), timeout=10) as gone:
            if attempt % 2:
                gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, not an end
    time.sleep(3)
    assert at("app1").check_output(workers) == before


def test_a_surge_waits_in_haproxy_instead_of_overrunning_the_slots():
    trust = ssl.create_default_context(cadata=at("edge1").check_output(f"cat {TLS}/ca.crt"))

    def ask(_number):
        with urllib.request.urlopen(f"https://{address('edge1')}/version", timeout=30, context=trust) as answer:
            return answer.status

    with concurrent.futures.ThreadPoolExecutor(200) as browsers:
        answers = collections.Counter(browsers.map(ask, range(400)))
    assert answers == {200: 400}
    figures = at("edge1").check_output(
        "python3 -c \"import socket; s=socket.socket(socket.AF_UNIX); s.connect('/run/haproxy/admin.sock'); "
        "s.sendall(b'show stat\\n'); print(s.makefile().read())\""
    )
    names, *rows = (line.lstrip("# ").split(",") for line in figures.splitlines() if line)
    servers = [dict(zip(names, row, strict=False)) for row in rows if row[0] == "application" and row[1] != "BACKEND"]
    assert {server["slim"] for server in servers} == {"32"}
    assert all(int(server["smax"]) <= 32 for server in servers), servers


def test_the_admin_socket_is_for_root_and_haproxy():
    host = at("edge1")
    socket = host.file("/run/haproxy/admin.sock")
    assert (socket.user, socket.group, socket.mode) == ("root", "haproxy", 0o660)
    listening = host.check_output("ss -tlnH").splitlines()
    assert sorted({line.split()[3].rsplit(":", 1)[1] for line in listening if "127.0.0" not in line}) == [
        "22",
        "443",
        "80",
    ]


def test_haproxy_finds_its_configuration_right_and_users_cannot_read_it():
    host = at("edge1")
    assert host.run("haproxy -c -f /etc/haproxy/haproxy.cfg").rc == 0
    assert host.file("/etc/haproxy/haproxy.cfg").mode == 0o640


def test_a_maintenance_page_in_both_languages_when_nothing_serves():
    hosts = [at("app1"), at("app2")]
    try:
        for host in hosts:
            host.check_output("systemctl stop trauma-web@blue")
        status, headers, body = get("ops1", f"https://{address('edge1')}/triage")
    finally:
        for host in hosts:
            host.check_output("systemctl start trauma-web@blue")
    assert status == 503
    assert "系统维护中" in body
    assert "Maintenance" in body
    assert "retry-after" in headers
    deadline = time.monotonic() + 30
    while get("ops1", f"https://{address('edge1')}/version")[0] != 200:  # leave the lab as it was found
        assert time.monotonic() < deadline
        time.sleep(1)


def tree(name):
    """Give what a deployment could have changed on a host, with times."""
    places = "/opt/trauma /etc/traumalink /etc/systemd/system /var/lib/traumalink"
    return at(name).check_output(f"find {places} -printf '%p %C@ %s\\n' | sort")


def refused(message, *arguments, **variables):
    """See that a deployment is refused with that message, and that nothing changed."""
    before = tree("app1"), tree("app2")
    run = play("deploy", *arguments, "-e", json.dumps(variables))
    assert not run.succeeded
    assert run.says(message), run.output
    assert run.changed == {}
    assert (tree("app1"), tree("app2")) == before


def test_a_release_by_a_stranger_is_refused(tmp_path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key")], check=True)
    key = " ".join((tmp_path / "key.pub").read_text().split()[:2])
    refused("is not signed by one of the site's allowed signers", deploy_allowed_signers=f"stranger@example.org {key}")


def test_a_truncated_archive_is_refused_as_such(tmp_path):
    for suffix in ("", ".sig"):
        data = (LAB / f"releases/trauma-1.0.0.tar.gz{suffix}").read_bytes()
        (tmp_path / f"trauma-1.0.0.tar.gz{suffix}").write_bytes(data if suffix else data[: len(data) // 2])
    refused("trauma-1.0.0.tar.gz is cut short", deploy_archive=str(tmp_path / "trauma-1.0.0.tar.gz"))


def test_an_altered_archive_is_refused(tmp_path):
    for suffix in ("", ".sig"):
        data = (LAB / f"releases/trauma-1.0.0.tar.gz{suffix}").read_bytes()
        (tmp_path / f"trauma-1.0.0.tar.gz{suffix}").write_bytes(data if suffix else data + b"\0")
    refused("does not fit trauma-1.0.0.tar.gz", deploy_archive=str(tmp_path / "trauma-1.0.0.tar.gz"))


def test_a_run_that_would_not_tell_haproxy_of_every_app_host_is_refused():
    refused("This run leaves out app1 and app2 and takes in edge1, where HAProxy", "--limit", "db1,ops1,edge1")
    refused("This run leaves out app2 and takes in edge1, where HAProxy", "--limit", "db1,ops1,app1,edge1")


def test_a_relative_path_is_refused_by_name():
    refused(
        "deploy_archive is 'releases/trauma-1.0.0.tar.gz', which is not an absolute path; give it whole",
        deploy_archive="releases/trauma-1.0.0.tar.gz",
    )
