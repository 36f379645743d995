"""What the certificates role must have left on the hosts."""


def test_x(host):
    assert host.file("/etc/traumalink/tls/host.key").exists
