"""The later releases: what each lies on, that it can be packed, and that its manifest and documents tell what it is."""

import filecmp
import io
import ssl
import subprocess
import sys
import types

import pytest
import yaml
from ansible_collections.traumalink.ops.plugins.module_utils.manifest import DOCUMENT_KINDS, read_manifest
from ansible_collections.traumalink.ops.plugins.module_utils.packing import pack
from ansible_collections.traumalink.ops.plugins.module_utils.signature import SignatureError
from broken_release import BROKEN
from reference_release import APPLICATION, ReferenceReleaseError, assemble, layers, overlay, versions
from releases import packed

SOURCE = APPLICATION / "source"
MIGRATIONS = {
    "1.0.0": {"0001": "expand"},
    "1.1.0": {"0001": "expand", "0002": "expand"},
    "1.1.1": {"0001": "expand", "0002": "expand"},
    "1.1.2": {"0001": "expand", "0002": "expand"},
    "1.1.3": {"0001": "expand", "0002": "expand", "0003": "expand"},
    "1.1.4": {"0001": "expand", "0002": "expand", "0003": "expand"},
    "1.1.5": {"0001": "expand", "0002": "expand"},
    "1.2.0": {"0001": "expand", "0002": "expand"},
    "1.3.0": {"0001": "expand", "0002": "expand", "0003": "breaking"},
    "1.3.1": {"0001": "expand", "0002": "expand", "0003": "breaking", "0004": "breaking"},
    "1.3.2": {"0001": "expand", "0002": "expand", "0003": "breaking"},
    "1.3.3": {"0001": "expand", "0002": "expand", "0003": "breaking", "0004": "breaking"},
    "2.0.0": {"0001": "expand", "0002": "expand", "0004": "contract"},
}


def manifest_data(folder):
    return yaml.safe_load((folder / "release.yml").read_text(encoding="utf-8"))


def came_from(version):
    base = BROKEN[version].base
    return ("1.1.0", base) if base == "1.3.0" else ("1.0.0", base)


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"}


def test_every_release_is_known_here():
    assert versions() == sorted(MIGRATIONS)


def test_the_first_release_is_the_source(assembled):
    assert files(assembled("1.0.0")) == files(SOURCE)
    same, different, odd = filecmp.cmpfiles(SOURCE, assembled("1.0.0"), files(SOURCE), shallow=False)
    assert (sorted(same), different, odd) == (sorted(files(SOURCE)), [], [])


@pytest.mark.parametrize(
    ("version", "expected"),
    [("1.1.0", ["1.0.0", "1.1.0"]), ("1.2.0", ["1.0.0", "1.1.0", "1.2.0"]), ("2.0.0", ["1.0.0", "1.1.0", "2.0.0"])],
)
def test_a_release_lies_on_the_one_that_its_manifest_comes_from(version, expected):
    assert layers(version) == expected


@pytest.mark.parametrize("version", sorted(set(versions()) - {"1.0.0", *BROKEN}))
def test_an_overlay_holds_only_what_differs_from_what_it_lies_on(version, assembled):
    below = assembled(layers(version)[-2])
    mine = files(overlay(version))
    unchanged = filecmp.cmpfiles(overlay(version), below, mine & files(below), shallow=False)[0]
    assert not unchanged
    assert files(assembled(version)) == files(below) | mine


def test_an_unknown_version_is_refused_with_those_that_are_there(tmp_path):
    with pytest.raises(ReferenceReleaseError, match=r"no version 1\.9\.0; it has 1\.0\.0 1\.1\.0"):
        assemble("1.9.0", tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("version", versions())
def test_the_manifest_is_valid_and_names_the_migrations(version, assembled):
    manifest = read_manifest(manifest_data(assembled(version)), packed=False)
    assert manifest.version == version
    assert {migration.id: migration.kind for migration in manifest.migrations} == MIGRATIONS[version]
    for migration in manifest.migrations:
        assert migration.check == ("/usr/bin/python3", "-m", "trauma.migrate", "check", migration.id)
        assert migration.command == ("/usr/bin/python3", "-m", "trauma.migrate", "apply", migration.id)
    expected = {"1.0.0": (), "1.1.0": ("1.0.0",)}.get(version, ("1.1.0",))
    assert manifest.from_versions == (came_from(version) if version in BROKEN else expected)


@pytest.mark.parametrize("version", versions())
def test_the_documents_are_there_in_both_languages_and_the_notes_are_of_this_version(version, assembled):
    manifest = read_manifest(manifest_data(assembled(version)), packed=False)
    assert {(document.kind, document.language) for document in manifest.documents} == {
        (kind, language) for kind in DOCUMENT_KINDS for language in ("zh", "en")
    }
    for document in manifest.documents:
        text = (assembled(version) / document.path).read_text(encoding="utf-8")
        if document.kind == "update_notes":
            assert text.splitlines()[0].endswith(f" {version}")
            new = set(MIGRATIONS[version]) - set(
                MIGRATIONS[layers(version)[-2]] if version in ("2.0.0", "1.3.0") else {}
            )
            assert version in BROKEN or version == "1.2.0" or any(f"`{migration}`" in text for migration in new)


@pytest.mark.parametrize("version", versions())
def test_packing_is_the_same_wherever_it_happens(version, assembled, tmp_path):
    archives = []
    for folder in (assembled(version), assemble(version, tmp_path / "elsewhere")):
        archive = io.BytesIO()
        assert pack(folder, manifest_data(folder), archive).version == version
        archives.append(archive.getvalue())
    assert archives[0] == archives[1]


def test_a_broken_release_differs_from_its_base_by_its_fault_only(assembled):
    changed = {
        version: {
            path
            for path in files(assembled(version)) | files(assembled(broken.base))
            if not path.startswith("docs/") and path != "release.yml"
            if path not in files(assembled(broken.base))
            or (assembled(version) / path).read_bytes() != (assembled(broken.base) / path).read_bytes()
        }
        for version, broken in BROKEN.items()
    }
    assert changed == {
        "1.1.1": {"gunicorn.conf.py"},
        "1.1.2": {"trauma/health.py"},
        "1.1.3": {"migrations/versions/0003_added.py"},
        "1.1.4": {"migrations/versions/0003_added.py"},
        "1.1.5": {"gunicorn.conf.py"},
        "1.3.1": {"migrations/versions/0004_added.py"},
        "1.3.2": {"trauma/health.py"},
        "1.3.3": {"migrations/versions/0004_added.py"},
    }
    for version, paths in changed.items():
        text = "".join((assembled(version) / path).read_text(encoding="utf-8") for path in paths)
        assert BROKEN[version].fault in text
        compile(text, version, "exec")


@pytest.fixture
def gunicorn(monkeypatch):
    """Stand for the part of gunicorn that the configuration builds on; the controller has none."""

    class ThreadWorker:
        def __init__(self, taken):
            self.taken, self.nr_conns = taken, 0
            self.log = types.SimpleNamespace(debug=lambda *_words: None)

        def accept(self, _server, _listener):
            self.nr_conns += 1
            if isinstance(self.taken, Exception):
                raise self.taken

    for name in ("gunicorn", "gunicorn.workers", "gunicorn.workers.gthread"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    sys.modules["gunicorn.workers.gthread"].ThreadWorker = ThreadWorker


def test_a_worker_outlives_a_client_that_has_gone_before_its_tls_began(assembled, gunicorn):
    assert 'worker_class = "trauma.patient_worker.PatientWorker"' in (
        assembled("1.0.0") / "gunicorn.conf.py"
    ).read_text("utf-8")
    module = {"__name__": "trauma.patient_worker"}
    exec((assembled("1.0.0") / "trauma/patient_worker.py").read_text(encoding="utf-8"), module)  # noqa: S102 (gunicorn imports it)
    for taken, connections in ((None, 1), (ssl.SSLError("Closed before TLS handshake"), 0)):
        worker = module["PatientWorker"](taken)
        worker.accept(None, None)
        assert worker.nr_conns == connections
    with pytest.raises(OSError, match="too many"):
        module["PatientWorker"](OSError("too many open files")).accept(None, None)


def test_a_release_that_does_not_start_ends_gunicorn_while_it_reads_its_configuration(assembled):
    text = (assembled("1.1.1") / "gunicorn.conf.py").read_text(encoding="utf-8")
    with pytest.raises(SystemExit, match="does not start"):
        exec(text, {"__name__": "gunicorn.conf"})  # noqa: S102 (as gunicorn does)


def test_a_release_is_packed_and_signed_for_a_lab_when_it_is_asked_for(tmp_path):
    with pytest.raises(SignatureError, match="does not exist"):
        packed("1.1.0", tmp_path)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "release_key")], check=True)
    archive = packed("1.1.0", tmp_path)
    assert archive == tmp_path / "releases" / "trauma-1.1.0.tar.gz"
    assert archive.with_name("trauma-1.1.0.tar.gz.sig").is_file()
    before = archive.stat().st_ino
    assert packed("1.1.0", tmp_path).stat().st_ino == before


def test_what_was_loaded_before_is_what_is_loaded_after(code_of):
    import trauma.settings

    assert code_of("1.1.0", "trauma.settings") is not trauma.settings
    assert sys.modules["trauma.settings"] is trauma.settings
