#!/usr/bin/env python3
"""The lab: container hosts with systemd and SSH that stand in for a hospital's servers.

    lab.py image                  build the host image unless it is there
    lab.py up [HOST ...]          create the missing hosts and wait until they answer; without names all of them, and then what a person
                                  would make before the first deployment: the site's secrets, a signed release, the hospital's approval key
    lab.py lose HOST              destroy one host with its storage
    lab.py down                   remove hosts, network and the lab's own files
    lab.py env                    print the environment in which Ansible reaches this lab

`LAB_NAME` (default `traumalink`) names the lab, `LAB_RELEASE` (default `bookworm`) its Debian release.
Facts behind the options of podman: docs/development.md, "The lab".
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import os
import re
import secrets
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAME = os.environ.get("LAB_NAME") or "traumalink"
RELEASE = os.environ.get("LAB_RELEASE") or "bookworm"
DIRECTORY = ROOT / "build" / "lab" / NAME
NETWORK = f"{NAME}-lab"
HOSTS = ("edge1", "app1", "app2", "db1", "ops1", "bare1", "bare2")  # the last two belong to no site: untouched
USER = "maintainer"
READY_TIMEOUT_SECONDS = 180.0
SOCKETS = Path.home() / ".ansible" / "cp"  # a short path: a socket's name may have 107 bytes
CAP_SYS_RESOURCE = 24  # linux/capability.h


class LabError(Exception):
    """The lab cannot do what was asked; the message says what to do next."""


def run(*argv: str, stdin: str | None = None, environment: dict[str, str] | None = None) -> str:
    """Run a command and return what it wrote to standard output; raise LabError with its errors."""
    variables = {**os.environ, **(environment or {})}
    done = subprocess.run(argv, input=stdin, env=variables, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"{' '.join(argv[:4])} …: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def podman(*argv: str, stdin: str | None = None) -> str:
    """Run podman as root with runc: crun refuses a hybrid cgroup layout."""
    sudo = () if os.geteuid() == 0 else ("sudo",)
    return run(*sudo, "podman", "--runtime", "runc", *argv, stdin=stdin)


def exists(kind: str, name: str) -> bool:
    """Tell whether podman has a container, image or network of that name."""
    try:
        podman(kind, "exists", name)
    except LabError:
        return False
    return True


def container(host: str) -> str:
    """Return the container's name: the lab's name keeps two labs apart."""
    return f"{NAME}-{host}"


def image_name() -> str:
    """Return the image's name; its tag changes with the recipe, so an old image is never taken for a new one."""
    recipe = hashlib.sha256((ROOT / "tests" / "lab" / "image").read_bytes()).hexdigest()[:12]
    return f"localhost/traumalink-lab-{RELEASE}:{recipe}"


def build_image() -> None:
    """Build the host image unless it is there."""
    if exists("image", image_name()):
        return
    print(f"lab: building the {RELEASE} host image, about a minute", flush=True)
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    subprocess.run([*sudo, str(ROOT / "tests" / "lab" / "image"), RELEASE, image_name(), USER], check=True)


def network_base() -> ipaddress.IPv4Network:
    """Return the lab network's addresses; create the network first where it is missing."""
    if not exists("network", NETWORK):
        podman("network", "create", NETWORK)
    details = json.loads(podman("network", "inspect", NETWORK))[0]
    return ipaddress.IPv4Network(details["subnets"][0]["subnet"])


def address(base: ipaddress.IPv4Network, host: str) -> str:
    """Return the fixed address of a host: a recreated host is found where the lost one was."""
    return str(base[10 + HOSTS.index(host)])


def hardware_address(base: ipaddress.IPv4Network, host: str) -> str:
    """Return a hardware address that follows from the address: neighbours of a lost host find its successor at once."""
    return "02:00:" + ":".join(f"{byte:02x}" for byte in ipaddress.IPv4Address(address(base, host)).packed)


def limits() -> list[str]:
    """Return lower limits where this machine may not raise them (no CAP_SYS_RESOURCE)."""
    effective = re.search(r"^CapEff:\s*([0-9a-f]+)", Path("/proc/self/status").read_text(), re.M)
    if os.geteuid() == 0 and effective and not int(effective[1], 16) >> CAP_SYS_RESOURCE & 1:
        return ["--ulimit", "nofile=16384:16384", "--ulimit", "nproc=16384:16384"]
    return []


def create(host: str, base: ipaddress.IPv4Network) -> None:
    """Create one host: systemd as init, and the capability that systemd's sandboxing of services needs."""
    podman(
        "run", "--detach", "--name", container(host), "--hostname", host, "--restart", "always",
        "--network", NETWORK, "--ip", address(base, host), "--mac-address", hardware_address(base, host),
        "--network-alias", host,
        "--systemd", "always", "--env", "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1",
        "--cap-add", "SYS_ADMIN", "--cap-add", "AUDIT_WRITE", "--cap-add", "SYS_PTRACE", "--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined",
        "--shm-size", "1g", *limits(), image_name(), "/sbin/init",
    )  # fmt: skip


def key() -> Path:
    """Return the private key that opens the lab's hosts, made on first use."""
    path = DIRECTORY / "id_ed25519"
    if not path.exists():
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", NETWORK, "-f", str(path))
    return path


def admit(host: str) -> str:
    """Lay our public key on a host, wait for its systemd, and return its SSH host key line."""
    deadline = time.monotonic() + READY_TIMEOUT_SECONDS
    while True:
        try:
            state = podman("exec", container(host), "systemctl", "is-system-running", "--wait").strip()
        except LabError as error:
            state = str(error)
        if state == "running":
            break
        if time.monotonic() > deadline:
            failed = podman("exec", container(host), "systemctl", "list-units", "--failed", "--no-legend")
            raise LabError(f"{host} did not come up in {READY_TIMEOUT_SECONDS:.0f} s ({state}): {failed.strip()}")
        time.sleep(0.2)
    public = key().with_suffix(".pub").read_text(encoding="utf-8")
    podman("exec", "--interactive", container(host), "tee", f"/home/{USER}/.ssh/authorized_keys", stdin=public)
    return podman("exec", container(host), "cat", "/etc/ssh/ssh_host_ed25519_key.pub").strip()


def vault_password() -> Path:
    """Return the file with the lab's vault password, made on first use: Ansible refuses to run where it is named and missing."""
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    DIRECTORY.chmod(0o700)
    path = DIRECTORY / "vault_password"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32) + "\n", encoding="utf-8")
    return path


def up(hosts: tuple[str, ...]) -> None:
    """Create what is missing and describe the lab to SSH and to the inventory `inventories/lab`."""
    build_image()
    vault_password()
    base = network_base()
    for host in hosts:
        if not exists("container", container(host)):
            create(host, base)
    known = []
    for host in HOSTS:
        if exists("container", container(host)):
            known.append(f"{address(base, host)} {admit(host)}")
    (DIRECTORY / "known_hosts").write_text("\n".join(known) + "\n", encoding="utf-8")
    describe(base)
    print(f"lab {NAME}: {len(known)} hosts of {RELEASE} are up", flush=True)


def make_inputs() -> None:
    """Make what people would make before the first deployment: the site's secrets, a release signed by the vendor's key, the hospital's key."""
    vault = DIRECTORY / "inventory" / "group_vars" / "all" / "vault.yml"
    signing_key = DIRECTORY / "release_key"
    for path, owner in (
        (signing_key, "vendor@example.org"),
        (DIRECTORY / "approval_key", "approver@hospital.example.org"),
    ):
        if not path.exists():
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", owner, "-f", str(path))
    variables = {
        "secrets_file": vault,
        "pack_release_source": ROOT / "tests" / "reference_app" / "source",
        "pack_release_destination": DIRECTORY / "releases",
        "pack_release_signing_key": signing_key,
    }
    arguments = [word for name, value in variables.items() for word in ("-e", f"{name}={value}")]
    for playbook in ("secrets", "pack_release"):
        run("ansible-playbook", f"traumalink.ops.{playbook}", *arguments, environment=environment())


def describe(base: ipaddress.IPv4Network) -> None:
    """Write the inventory's second half: how each host is reached. The first half, `inventories/lab`, never changes."""
    (DIRECTORY / "inventory").mkdir(exist_ok=True)
    options = f"-o UserKnownHostsFile={DIRECTORY}/known_hosts -o ServerAliveInterval=15"
    SOCKETS.mkdir(parents=True, exist_ok=True, mode=0o700)
    hosts = {host: {"ansible_host": address(base, host)} for host in HOSTS}
    variables = {
        "lab_directory": str(DIRECTORY),
        "ansible_user": USER,
        "ansible_ssh_private_key_file": str(key()),
        "ansible_ssh_common_args": options,
        # Ansible formats this text itself, so its own percent sign is doubled.
        "ansible_control_path": str(SOCKETS / f"{NETWORK}-%%h"),
    }
    inventory = {"all": {"hosts": hosts, "vars": variables}}
    (DIRECTORY / "inventory" / "hosts.json").write_text(json.dumps(inventory, indent=2) + "\n", encoding="utf-8")


def remove(host: str) -> None:
    """Remove a container with its storage, and the SSH connection that Ansible keeps open to it."""
    subprocess.run(
        ["ssh", "-O", "exit", "-o", f"ControlPath={SOCKETS}/{NETWORK}-{address(network_base(), host)}", host],
        capture_output=True, check=False,
    )  # fmt: skip
    podman("rm", "--force", "--time", "0", "--volumes", container(host))


def lose(host: str) -> None:
    """Destroy a host with its storage, at once, as a dead server would be."""
    remove(host)
    print(f"lab {NAME}: {host} is destroyed with its storage", flush=True)


def down() -> None:
    """Remove everything the lab has made, except the image (it serves the next lab)."""
    for host in HOSTS:
        if exists("container", container(host)):
            remove(host)
    if exists("network", NETWORK):
        podman("network", "rm", "--force", NETWORK)
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    print(f"lab {NAME}: nothing is left", flush=True)


def environment() -> dict[str, str]:
    """Return the variables under which ansible-playbook finds this lab's inventory, key and vault password."""
    # Ansible finds a collection by its folder's name, not by the name of a clone.
    link = ROOT / "build" / "collections" / "ansible_collections" / "traumalink" / "ops"
    if not link.is_symlink():
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(ROOT)
    variables = {
        "LAB_NAME": NAME,
        "LAB_RELEASE": RELEASE,
        "LAB_DIRECTORY": DIRECTORY,
        "ANSIBLE_CONFIG": ROOT / "ansible.cfg",
        "ANSIBLE_COLLECTIONS_PATH": ROOT / "build" / "collections",
        "ANSIBLE_INVENTORY": f"{ROOT}/inventories/lab,{DIRECTORY}/inventory",
        "ANSIBLE_VAULT_PASSWORD_FILE": vault_password(),
        # Not in the lab's own folder: Molecule still writes there after its last step has removed the lab.
        "MOLECULE_EPHEMERAL_DIRECTORY": ROOT / "build" / "molecule" / NAME,
        "PYTHONPATH": ROOT / "build" / "collections",
        "PYTHONDONTWRITEBYTECODE": "",  # plugins are compiled once, not by each worker
        "PATH": f"{ROOT}/.venv/bin:{os.environ['PATH']}",
    }
    return {name: str(value) for name, value in variables.items()}


def main(argv: list[str]) -> int:
    """Dispatch one command; unknown words are an error, never a silent success."""
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", NAME):
        raise LabError(f"LAB_NAME={NAME!r}: use up to 31 lower-case letters, digits and dashes, a letter first")
    if RELEASE not in ("bookworm", "trixie"):
        raise LabError(f"LAB_RELEASE={RELEASE!r}: use bookworm or trixie")
    unknown = [host for host in argv[1:] if host not in HOSTS]
    if unknown:
        raise LabError(f"no such host: {' '.join(unknown)}; the lab has {' '.join(HOSTS)}")
    match argv:
        case ["image"]:
            build_image()
        case ["up", *hosts]:
            up(tuple(hosts) or HOSTS)
            if not hosts:
                make_inputs()
        case ["lose", host]:
            lose(host)
        case ["down"]:
            down()
        case ["env"]:
            for name, value in environment().items():
                print(f"export {name}={shlex.quote(value)}")
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except LabError as failure:
        sys.exit(f"lab: {failure}")
