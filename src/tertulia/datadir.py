"""The data directory: who may use it, its signing key, and the lock that lets one server in and says where it is."""

import fcntl
import os
import secrets
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tertulia.refusal import Refusal

KEY_FILE = "secret-key"
LOCK_FILE = "serve.lock"


class DataDirError(Refusal):
    """One sentence about what is wrong with the data directory, and what helps."""


class DataDir:
    """An existing directory that this process may write in."""

    def __init__(self, path: Path, *, is_new: bool) -> None:
        self.path = path
        self.is_new = is_new

    def secret_key(self) -> str:
        """The signing key, made at the first call. The file is for its owner alone (mode 0600)."""
        file = self.path / KEY_FILE
        with _sentence(file):
            if not file.exists():
                _write_new(file, secrets.token_urlsafe(48))
            key = file.read_text(encoding="ascii").strip()
        if len(key) < 32:
            raise DataDirError(f"The signing key in {file} is too short: delete the file to get a new one.")
        return key

    def lock(self) -> "ServeLock":
        """The right to serve this directory; a second server is refused."""
        return ServeLock(self.path)


class ServeLock:
    """Held from creation until `release`, or the end of the process, however it ends."""

    def __init__(self, path: Path) -> None:
        with _sentence(path):
            self._file = os.open(path / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _said(self._file).process
            os.close(self._file)
            raise DataDirError(_taken(path, holder)) from None
        self.announce()

    def announce(self, local: str = "", public: str = "") -> None:
        """Where the server is reached: from this machine, and by people if a setting says so; for `serving`."""
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n{local}\n{public}\n".encode(), 0)

    def release(self) -> None:
        os.ftruncate(self._file, 0)
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


@dataclass(frozen=True, slots=True)
class Serving:
    """A server that runs: its process and its addresses, from this machine and for people; "" for what is not known."""

    process: str = ""
    local: str = ""
    public: str = ""


def serving(path: Path) -> Serving | None:
    """The server that runs on a directory. What one left behind that was killed is not believed: it has no lock."""
    try:
        file = os.open(path / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _said(file)
    finally:
        os.close(file)  # and so the lock is free again
    return None


def _said(file: int) -> Serving:
    lines = os.pread(file, 8_192, 0).decode("utf-8", "replace").split("\n")
    return Serving(*(line.strip() for line in lines[:3]))


def open_data_dir(path: Path) -> DataDir:
    """The directory at `path`, made (mode 0700) if it is missing. Raises `DataDirError`."""
    with _sentence(path):
        is_new = not path.exists()
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(path, os.W_OK | os.X_OK):
            raise PermissionError
    return DataDir(path, is_new=is_new)


def _write_new(file: Path, text: str) -> None:
    """All of it or nothing, and the first of two writers wins."""
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(text + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _taken(path: Path, holder: str) -> str:
    process, stop = (f" (process {holder})", f"stop it with `kill {holder}`") if holder else ("", "stop it")
    return f"A Tertulia server already runs on {path}{process}: {stop}, or choose another directory with --data-dir."


@contextmanager
def _sentence(path: Path) -> Iterator[None]:
    try:
        yield
    except (FileExistsError, NotADirectoryError):
        raise DataDirError(f"{path} is not a directory: choose another one with --data-dir.") from None
    except PermissionError:
        raise DataDirError(
            f"{path} cannot be written by this user: run `{_helps(path)}`, or choose another directory with --data-dir."
        ) from None
    except OSError as error:
        reason = (error.strerror or "it failed").lower()
        raise DataDirError(f"{path} cannot be used ({reason}): choose another directory with --data-dir.") from None


def _helps(path: Path) -> str:
    place = shlex.quote(str(path))
    return f'sudo chown -R "$(id -un)" {place}' if os.path.lexists(path) else f'sudo install -d -o "$(id -un)" {place}'
