"""Certificates for development and tests, made by the command ``openssl``: an authority, a server's and a client's.

| file | |
|---|---|
| ``ca.crt``, ``ca.key`` | the authority, which clients and servers trust |
| ``server.crt``, ``server.key`` | for ``localhost``, ``127.0.0.1`` and ``::1`` |
| ``client.crt``, ``client.key`` | for a client, where ``tls-auth-clients`` demands a certificate |

The keys have no passphrase, and whoever has ``ca.key`` can make certificates that are trusted as well.
"""

import os
import subprocess
import tempfile
from pathlib import Path

DAYS = "365"
KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
AUTHORITY = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
LEAF = (
    "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nsubjectKeyIdentifier=hash\n"
    "authorityKeyIdentifier=keyid\n"
)
EXTENSIONS = {
    "server": LEAF + "extendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1\n",
    "client": LEAF + "extendedKeyUsage=clientAuth\n",
}
NAMES = {"ca": "pyredis test authority", "server": "localhost", "client": "pyredis test client"}


class CertificatesError(Exception):
    """No certificates were made; ``str`` says why."""


def make_test_certificates(folder: Path) -> list[Path]:
    """Makes all files in a folder, which is made if necessary, and returns their paths. Raises CertificatesError."""
    paths = [folder / f"{name}.{kind}" for name in NAMES for kind in ("crt", "key")]
    there = [path for path in paths if path.exists()]
    if there:
        raise CertificatesError(f"{there[0]} exists; nothing was changed")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Its owner alone can look into it; the files are moved when all of them are made.
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            for name in NAMES:
                _make(Path(scratch), name)
            for path in paths:
                os.rename(Path(scratch, path.name), path)
    except OSError as error:
        raise CertificatesError(f"{error.filename or folder}: {error.strerror}") from error
    return paths


def _make(folder: Path, name: str) -> None:
    key, certificate = folder / f"{name}.key", folder / f"{name}.crt"
    request, extensions = folder / "request", folder / "extensions"
    extensions.write_text(EXTENSIONS.get(name, AUTHORITY))
    _run("req", *KEY, "-keyout", key, "-out", request, "-subj", f"/O=pyredis test/CN={NAMES[name]}")
    signer: tuple[str | Path, ...] = ("-CA", folder / "ca.crt", "-CAkey", folder / "ca.key")
    if name == "ca":
        signer = ("-signkey", key)
    serial = ("-set_serial", f"0x{os.urandom(15).hex()}")
    _run("x509", "-req", "-in", request, *signer, *serial, "-out", certificate, "-days", DAYS, "-extfile", extensions)


def _run(*arguments: str | Path) -> None:
    try:
        run = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise CertificatesError("the command openssl is needed to make certificates, and is not installed") from None
    if run.returncode:
        raise CertificatesError(f"openssl {arguments[0]} failed: {run.stderr.strip()}")
