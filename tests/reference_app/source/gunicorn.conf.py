"""How gunicorn serves the web process: HTTPS with client certificates, or plain HTTP on the loopback address only."""

import ipaddress
import os
import ssl

_address = os.environ.get("LISTEN_ADDRESS", "127.0.0.1")
_port = os.environ.get("LISTEN_PORT", "8000")
_tls = [os.environ.get(name) for name in ("TLS_CERTIFICATE", "TLS_PRIVATE_KEY", "TLS_CA")]

bind = f"[{_address}]:{_port}" if ":" in _address else f"{_address}:{_port}"
worker_class = "trauma.patient_worker.PatientWorker"
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = 8
backlog = 512

# Longer than the idle time after which HAProxy drops its own side, so that the proxy never meets a closed connection.
keepalive = 75
# A request in flight at SIGTERM has this long to end.
graceful_timeout = 30
timeout = 60

# The release's directory is read-only; the heartbeat files of the workers need a place that is not.
worker_tmp_dir = "/dev/shm"  # noqa: S108 (gunicorn makes the file with a random name, mode 0600)
proc_name = "trauma-web-" + os.environ.get("SLOT", "none")

# Request lines carry case numbers: no access log. Errors go to the journal.
accesslog = None
errorlog = "-"
loglevel = "info"

if all(_tls):
    certfile, keyfile, ca_certs = _tls
    cert_reqs = ssl.CERT_REQUIRED
elif any(_tls):
    raise SystemExit("TLS_CERTIFICATE, TLS_PRIVATE_KEY and TLS_CA: set all three, or none of them")
elif not ipaddress.ip_address(_address).is_loopback:
    raise SystemExit(f"plain HTTP on {_address} is refused: set TLS_CERTIFICATE, TLS_PRIVATE_KEY and TLS_CA")
