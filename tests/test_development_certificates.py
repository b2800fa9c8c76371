"""``pyredis-server --make-test-certs``."""

import subprocess
import sys

import pytest

from support.paths import server_environment
from support.tls import Certificates


def make(folder, **environment):
    command = [sys.executable, "-P", "-m", "pyredis", "--make-test-certs", *folder]
    return subprocess.run(
        command, env={**server_environment(), **environment}, capture_output=True, text=True, check=False
    )


def test_all_files_are_made_and_named(tmp_path):
    run = make([str(tmp_path / "new" / "folder")])
    assert run.returncode == 0, run.stderr
    made = sorted(str(path) for path in (tmp_path / "new" / "folder").iterdir())
    assert sorted(run.stdout.split()) == made
    assert len(made) == 6


def test_nobody_else_can_read_the_keys(tmp_path):
    folder = Certificates(tmp_path / "files").folder
    assert {path.stat().st_mode & 0o777 for path in folder.glob("*.key")} == {0o600}


@pytest.mark.parametrize("name", ["server", "client"])
def test_the_certificates_are_the_authoritys(tmp_path, name):
    files = Certificates(tmp_path / "files")
    purpose = f"ssl{name}"
    command = ["openssl", "verify", "-x509_strict", "-CAfile", files.path("ca.crt"), "-purpose", purpose]
    assert subprocess.run([*command, files.path(f"{name}.crt")], capture_output=True, check=False).returncode == 0


def test_no_file_is_overwritten(tmp_path):
    (tmp_path / "client.key").write_text("mine")
    run = make([str(tmp_path)])
    assert run.returncode == 1
    assert run.stderr == f"pyredis-server: {tmp_path}/client.key exists; nothing was changed\n"
    assert [path.name for path in tmp_path.iterdir()] == ["client.key"]


def test_without_openssl_the_error_names_it(tmp_path):
    run = make([str(tmp_path / "files")], PATH=str(tmp_path))
    assert run.returncode == 1
    assert run.stderr == "pyredis-server: the command openssl is needed to make certificates, and is not installed\n"
    assert not list((tmp_path / "files").iterdir())


@pytest.mark.parametrize("folder", [[], ["a", "b"], [""]])
def test_one_folder_must_be_named(folder):
    run = make(folder)
    assert run.returncode == 1
    assert "takes the name of a folder" in run.stderr


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    run = make([str(tmp_path / "file" / "folder")])
    assert run.returncode == 1
    assert "Not a directory" in run.stderr
