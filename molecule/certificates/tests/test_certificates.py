"""Every host has a certificate of the site's authority, and keeps its key to itself."""

import pytest
from flows import address, at, converge

HOSTS = ["edge1", "app1", "app2", "db1", "ops1"]
TLS = "/etc/traumalink/tls"


@pytest.mark.parametrize("name", HOSTS)
def test_the_sites_authority_vouches_for_name_and_address(name):
    host = at(name)
    for identity in (f"-verify_hostname {name}", f"-verify_ip {address(name)}", f"-verify_hostname {address(name)}"):
        assert host.run(f"openssl verify -x509_strict -CAfile {TLS}/ca.crt {identity} {TLS}/host.crt").rc == 0, identity


@pytest.mark.parametrize("name", HOSTS)
def test_the_key_is_read_by_root_and_the_group_of_services_only(name):
    key = at(name).file(f"{TLS}/host.key")
    assert (key.user, key.group, key.mode) == ("root", "traumalink-tls", 0o640)


def test_the_authoritys_key_is_on_no_host():
    for name in HOSTS:
        assert at(name).run("grep -rlE 'BEGIN (EC |RSA )?PRIVATE KEY' /etc/traumalink /root /home").stdout.split() == [
            f"{TLS}/host.key"
        ]


def test_a_certificate_near_its_end_is_renewed_and_its_key_stays():
    before = at("app1").check_output(f"cat {TLS}/host.crt")
    key = at("app1").check_output(f"sha256sum {TLS}/host.key")
    run = converge("--limit", "app1,db1,ops1", "-e", "certificates_renew_days=396", "-e", "certificates_valid_days=396")
    assert run.succeeded, run.output[-2000:]
    assert run.changed == {}, "396 days and some hours were left: nothing to renew yet"
    run = converge("--limit", "app1,db1,ops1", "-e", "certificates_renew_days=400", "-e", "certificates_valid_days=401")
    assert run.changed.keys() == {"app1", "db1", "ops1"}
    assert at("app1").check_output(f"cat {TLS}/host.crt") != before
    assert at("app1").check_output(f"sha256sum {TLS}/host.key") == key
    assert at("app1").run(f"openssl x509 -in {TLS}/host.crt -noout -checkend {400 * 86400}").rc == 0
