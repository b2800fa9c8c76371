"""The folder of append-only files and its manifest, in Redis 7's format.

    appendonlydir/
        appendonly.aof.2.base.rdb       the data at some moment, as an RDB file (or as commands: ``.base.aof``)
        appendonly.aof.2.incr.aof       the commands since then; after a failed rewrite there is more than one
        appendonly.aof.manifest         which files are in use, one per line:

        file appendonly.aof.2.base.rdb seq 2 type b
        file appendonly.aof.1.incr.aof seq 1 type h
        file appendonly.aof.2.incr.aof seq 2 type i

Types are b(ase), h(istory: replaced, to be deleted) and i(ncremental). The base is loaded first, then the incremental
files in order. A name with blanks or quotes is quoted, as in redis.conf.

Invariants: a listed file that is not history exists, and its name is on the disk. A file is deleted only when a
manifest that calls it history, or does not list it, is on the disk. A manifest is never changed in place. So after a
crash between any two system calls, everything can be loaded. A file that the manifest does not list is left over from
such a crash. It contains nothing for which a client has got a reply, and may be overwritten.
"""

import contextlib
import fcntl
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

from pyredis.config.syntax import Unbalanced, quote, split_words

MAX_LINE = 1024  # bytes, including the newline
MANIFEST_SUFFIX = ".manifest"
TEMPORARY_PREFIX = "temp-"
REWRITE_PREFIX = "temp-rewriteaof-bg-"

BASE, HISTORY, INCREMENTAL = "b", "h", "i"

IncrementalMode = Literal["listed", "held back", "none"]

_PLAIN = r"[!#-&(-\[\]-~]+"  # what needs no quotes
_INTEGER = r"\s*([+-]?\d+)"


class ManifestError(Exception):
    """A manifest that cannot be used. ``line`` and ``text`` are the line at fault, 0 and None if there is none."""

    def __init__(self, reason: str, line: int = 0, text: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line
        self.text = text

    def log_lines(self) -> list[str]:
        """Returns the messages that Redis logs before it gives up, one per item."""
        lines = ["\n*** FATAL AOF MANIFEST FILE ERROR ***\n"]
        if self.text is not None:
            lines += [f"Reading the manifest file, at line {self.line}\n", f">>> '{self.text}'\n"]
        return [*lines, f"{self.reason}\n"]


class FileMissing(OSError):
    """A file that the manifest lists cannot be examined; the text is Redis's."""

    def __init__(self, name: str, cause: OSError) -> None:
        super().__init__(cause.errno, f"Unable to obtain the AOF file {name} length. stat: {cause.strerror}")

    def __str__(self) -> str:
        return str(self.strerror)


class AofFile(NamedTuple):
    """One line of a manifest. ``type`` is BASE, HISTORY or INCREMENTAL."""

    name: str
    seq: int
    type: str

    def format(self) -> str:
        name = self.name if re.fullmatch(_PLAIN, self.name) else quote(self.name)
        return f"file {name} seq {self.seq} type {self.type}\n"


class Manifest(NamedTuple):
    """The content of a manifest. ``base_seq`` and ``incr_seq`` are the numbers used last."""

    base: AofFile | None = None
    history: tuple[AofFile, ...] = ()
    incremental: tuple[AofFile, ...] = ()
    base_seq: int = 0
    incr_seq: int = 0

    def format(self) -> bytes:
        files = [*([self.base] if self.base else []), *self.history, *self.incremental]
        return os.fsencode("".join(file.format() for file in files))

    def files(self) -> list[AofFile]:
        """Returns the files to load, in order."""
        return [*([self.base] if self.base else []), *self.incremental]

    def next_incr(self, filename: str) -> AofFile:
        return AofFile(f"{filename}.{self.incr_seq + 1}.incr.aof", self.incr_seq + 1, INCREMENTAL)

    def next_base(self, filename: str, is_rdb: bool) -> AofFile:
        suffix = "rdb" if is_rdb else "aof"
        return AofFile(f"{filename}.{self.base_seq + 1}.base.{suffix}", self.base_seq + 1, BASE)

    def with_incr(self, file: AofFile) -> "Manifest":
        return self._replace(incremental=(*self.incremental, file), incr_seq=file.seq)

    def with_base(self, file: AofFile, first_kept: int) -> "Manifest":
        """Returns a manifest with `file` as base; the old base and the files before `first_kept` are its history."""
        old = [incr for incr in reversed(self.incremental) if incr.seq < first_kept]
        old += [self.base] if self.base else []
        kept = tuple(incr for incr in self.incremental if incr.seq >= first_kept)
        history = (*(item._replace(type=HISTORY) for item in old), *self.history)
        return self._replace(base=file, base_seq=file.seq, history=history, incremental=kept)

    def without_history(self) -> "Manifest":
        return self._replace(history=())


def parse_manifest(data: bytes) -> Manifest:
    """Parses a manifest. Raises `ManifestError` with Redis's reasons."""
    manifest = Manifest()
    if not data:
        raise ManifestError("Found an empty AOF manifest")
    number = 0
    while data:
        number += 1
        line, data = _take_line(data)
        if line.startswith(b"#"):
            continue
        if not line.endswith(b"\n"):
            raise ManifestError("The AOF manifest file contains too long line")
        text = os.fsdecode(line.strip(b" \t\r\n"))
        try:
            manifest = _with_file(manifest, _parse_file(text))
        except ValueError as error:
            raise ManifestError(str(error), number, text) from None
    return manifest


def _take_line(data: bytes) -> tuple[bytes, bytes]:
    end = data.find(b"\n", 0, MAX_LINE) + 1 or MAX_LINE
    return data[:end], data[end:]


def _parse_file(text: str) -> AofFile:
    """Parses one line. Unknown keys are skipped: later versions of Redis add some."""
    wrong = "Invalid AOF manifest file format"
    try:
        words = split_words(text)
    except Unbalanced:
        raise ValueError(wrong) from None
    if len(words) < 6 or len(words) % 2:
        raise ValueError(wrong)
    values = {key.lower(): value for key, value in zip(words[::2], words[1::2], strict=True)}
    name, kind = values.get("file", ""), values.get("type", "")[:1]
    if "/" in name:
        raise ValueError("File can't be a path, just a filename")
    number = re.match(_INTEGER, values.get("seq", ""))
    if not name or not kind or not number or int(number[1]) == 0:
        raise ValueError(wrong)
    return AofFile(name, int(number[1]), kind)


def _with_file(manifest: Manifest, file: AofFile) -> Manifest:
    if file.type == BASE:
        if manifest.base:
            raise ValueError("Found duplicate base file information")
        return manifest._replace(base=file, base_seq=file.seq)
    if file.type == HISTORY:
        return manifest._replace(history=(*manifest.history, file))
    if file.type == INCREMENTAL:
        if file.seq <= manifest.incr_seq:
            raise ValueError("Found a non-monotonic sequence number")
        return manifest.with_incr(file)
    raise ValueError("Unknown AOF file type")


class _Rewrite(NamedTuple):
    """A rewrite under way: incremental files from `first_kept` on stay; `held_back` is listed with the new base."""

    first_kept: int
    held_back: AofFile | None = None


class AppendOnlyDir:
    """The folder at `path`, for append-only files named after `filename`. A method's changes are durable on return.

    A method that raises OSError has changed nothing that matters: ``manifest`` is still what a loader would find, and
    the method may be called again. Returned descriptors are open for appending and belong to the caller.
    """

    def __init__(self, path: str | os.PathLike[str], filename: str) -> None:
        self.path = Path(path)
        self.filename = filename
        self.manifest = Manifest()
        self._rewrite: _Rewrite | None = None
        # Whether the names of the manifest and of the folder are known to be on the disk. Those found at the start may
        # have been left by a process that died before it could sync them.
        self._folder_synced = False
        self._placed = False

    # ---- At the start ----

    def load(self) -> None:
        """Reads the manifest. If there is none, no file is listed. Raises `ManifestError`.

        Without a manifest, Redis begins with number 1 and overwrites existing files. Here the numbers continue after
        the highest one found: the manifest may have been lost, but the data need not be.
        """
        try:
            self.manifest = parse_manifest(self.manifest_path.read_bytes())
        except FileNotFoundError:
            base_seq, incr_seq = self._highest_found()
            self.manifest = Manifest(base_seq=base_seq, incr_seq=incr_seq)

    def old_file(self) -> Path | None:
        """Returns the file of Redis 6 next to the folder that is to be adopted, or None."""
        old = self.path.parent / self.filename
        return old if old.is_file() and self._wants_old_file() else None

    def adopt_old_file(self) -> bool:
        """Adopts the file of Redis 6 next to the folder as the folder's base. False if there is none."""
        old = self.old_file()
        if old is None:
            return False
        self._ensure_folder()
        _sync_path(old)
        base = AofFile(self.filename, 1, BASE)
        self._persist(Manifest(base=base, base_seq=max(1, self.manifest.base_seq), incr_seq=self.manifest.incr_seq))
        os.rename(old, self.path / self.filename)
        _sync_path(self.path)
        _sync_path(self.path.parent)
        return True

    def files_to_load(self) -> list[Path]:
        """Returns the base and the incremental files, in order; none for a new folder. Raises `FileMissing`."""
        paths = [self.path / file.name for file in self.manifest.files()]
        for path in paths:
            _size(path)
        return paths

    def unlisted_files(self) -> list[Path]:
        """Returns the files that are not empty, are named as a base or an incremental file, and are not listed."""
        listed = {file.name for file in (*self.manifest.files(), *self.manifest.history)}
        return [self.path / match[0] for match in self._found() if match[0] not in listed]

    def total_size(self) -> int:
        """Returns the bytes in the base and the incremental files. Raises `FileMissing`."""
        return sum(_size(self.path / file.name) for file in self.manifest.files())

    def base_size(self) -> int:
        """Returns the bytes in the base, 0 without one. Raises `FileMissing`."""
        return _size(self.path / self.manifest.base.name) if self.manifest.base else 0

    def open_incr(self) -> tuple[int, int]:
        """Opens the newest incremental file, or creates one; returns its descriptor and size. Call it after loading."""
        if not self.manifest.incremental:
            return self.open_new_incr(), 0
        self._ensure_folder_synced()
        fd = os.open(self.path / self.manifest.incremental[-1].name, os.O_WRONLY | os.O_APPEND)
        return fd, os.fstat(fd).st_size

    def remove_temporaries(self) -> list[Path]:
        """Deletes the temporary files of a process that died; returns their paths. To be called only at the start."""
        if not self.path.is_dir():
            return []
        found = [path for path in self.path.iterdir() if self._is_temporary(path.name)]
        for path in found:
            os.unlink(path)
        return found

    # ---- While serving ----

    def open_new_incr(self) -> int:
        """Creates an incremental file after the others, for all changes from now on. Returns its descriptor."""
        before = self.manifest
        file = before.next_incr(self.filename)
        fd = self._create(file.name)
        try:
            self._persist(before.with_incr(file))
        except OSError:
            os.close(fd)
            if self.manifest is not before:
                # Otherwise the file still written to would not be the last, and a torn tail would be an error.
                self._persist(before)
            raise
        return fd

    def withdraw_incr(self) -> None:
        """Removes the newest incremental file, to which nothing was written; the one before it continues."""
        file = self.manifest.incremental[-1]
        self._persist(self.manifest._replace(incremental=self.manifest.incremental[:-1]))
        os.unlink(self.path / file.name)

    def begin_rewrite(self, incremental: IncrementalMode = "listed") -> int | None:
        """Opens the incremental file that follows the base to be written, and returns its descriptor.

        "listed" continues the existing files. "held back" starts over, as when appendonly is turned on: the file is not
        listed before the base exists. "none" opens no file, for a rewrite with appendonly off.
        """
        if self._rewrite:
            raise RuntimeError("a rewrite is under way")
        file = self.manifest.next_incr(self.filename)
        fd = None
        if incremental == "listed":
            fd = self.open_new_incr()
        elif incremental == "held back":
            fd = self._create(file.name)
        self._rewrite = _Rewrite(file.seq, file if incremental == "held back" else None)
        return fd

    def temporary_base(self) -> Path:
        """Returns the path in the folder at which the base may be written until `finish_rewrite`."""
        self._ensure_folder()
        return self.path / f"{REWRITE_PREFIX}{os.getpid()}.aof"

    def finish_rewrite(self, base_temp_path: str | os.PathLike[str], is_rdb: bool) -> Path:
        """Makes the finished file the base, and the files it replaces history. Returns the base's path.

        After an OSError, call `abort_rewrite`.
        """
        rewrite = self._rewrite
        if rewrite is None:
            raise RuntimeError("no rewrite is under way")
        base = self.manifest.next_base(self.filename, is_rdb)
        manifest = self.manifest.with_base(base, rewrite.first_kept)
        if rewrite.held_back:
            manifest = manifest.with_incr(rewrite.held_back)
        _sync_path(base_temp_path)
        os.rename(base_temp_path, self.path / base.name)
        try:
            _sync_path(self.path)
            self._persist(manifest)
        except OSError:
            if self.manifest is not manifest:
                os.unlink(self.path / base.name)
            raise
        self._rewrite = None
        return self.path / base.name

    def abort_rewrite(self, base_temp_path: str | os.PathLike[str] | None = None) -> None:
        """Gives up the rewrite. Deletes the unfinished base and a "held back" file; a "listed" one stays."""
        rewrite, self._rewrite = self._rewrite, None
        unwanted = [Path(base_temp_path)] if base_temp_path else []
        if rewrite and rewrite.held_back and rewrite.held_back not in self.manifest.incremental:
            unwanted.append(self.path / rewrite.held_back.name)
        for path in unwanted:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)

    def delete_history(self, remove: Callable[[Path], object] = os.unlink) -> list[str]:
        """Deletes the replaced files with `remove`, which may do it later. Returns their names."""
        history = self.manifest.history
        if not history:
            return []
        self._ensure_folder_synced()
        for file in history:
            with contextlib.suppress(FileNotFoundError):
                remove(self.path / file.name)
        self._persist(self.manifest.without_history())
        return [file.name for file in history]

    # ---- Inside ----

    @property
    def manifest_path(self) -> Path:
        return self.path / (self.filename + MANIFEST_SUFFIX)

    def _wants_old_file(self) -> bool:
        """Decides this as Redis does. The last case is a migration that stopped before its rename."""
        manifest = self.manifest
        if not manifest.files():
            return True
        if manifest.base is None or manifest.incremental:
            return False
        return manifest.base.name == self.filename and not (self.path / self.filename).exists()

    def _found(self) -> list[re.Match[str]]:
        if not self.path.is_dir():
            return []
        pattern = re.compile(re.escape(self.filename) + r"\.(\d+)\.(base|incr)\.(?:rdb|aof)")
        names = sorted(os.listdir(self.path))
        return [match for match in map(pattern.fullmatch, names) if match and _size(self.path / match[0])]

    def _highest_found(self) -> tuple[int, int]:
        found = self._found()
        numbers = [max((int(match[1]) for match in found if match[2] == kind), default=0) for kind in ("base", "incr")]
        return numbers[0], numbers[1]

    def _is_temporary(self, name: str) -> bool:
        return name == TEMPORARY_PREFIX + self.manifest_path.name or name.startswith(REWRITE_PREFIX)

    def _ensure_folder(self) -> None:
        with contextlib.suppress(FileExistsError):
            os.mkdir(self.path, 0o755)
            self._placed = False
        if not self._placed:
            _sync_path(self.path.parent)
            self._placed = True

    def _create(self, name: str) -> int:
        self._ensure_folder()
        fd = os.open(self.path / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            _sync(fd)
            _sync_path(self.path)
        except OSError:
            os.close(fd)
            raise
        return fd

    def _persist(self, manifest: Manifest) -> None:
        """Replaces the manifest. Even on an OSError, ``self.manifest`` is what a loader would find."""
        temporary = self.path / (TEMPORARY_PREFIX + self.manifest_path.name)
        _write_file(temporary, manifest.format())
        os.rename(temporary, self.manifest_path)
        self.manifest = manifest
        self._sync_folder()

    def _ensure_folder_synced(self) -> None:
        self._ensure_folder()
        if not self._folder_synced:
            self._sync_folder()

    def _sync_folder(self) -> None:
        self._folder_synced = False
        _sync_path(self.path)
        self._folder_synced = True


def _size(path: Path) -> int:
    try:
        return os.stat(path).st_size
    except OSError as error:
        raise FileMissing(path.name, error) from error


def _write_file(path: Path, data: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        while data:
            data = data[os.write(fd, data) :]
        _sync(fd)
    finally:
        os.close(fd)


def _sync(fd: int) -> None:
    """fsync; on macOS, flush the drive's own cache too."""
    if hasattr(fcntl, "F_FULLFSYNC"):
        fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
    else:
        os.fsync(fd)


def _sync_path(path: str | os.PathLike[str]) -> None:
    """fsync a file or a folder by its name."""
    fd = os.open(path, os.O_RDONLY)
    try:
        _sync(fd)
    finally:
        os.close(fd)
