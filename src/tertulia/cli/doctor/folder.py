"""The data directory and the key in it: who may read and write them."""

import os
import shlex
import stat
import tempfile
from pathlib import Path

from tertulia.cli.doctor.finding import Case, Checks, Finding, ok, problem, warning
from tertulia.cli.doctor.machine import name_of
from tertulia.datadir import KEY_FILE
from tertulia.storage import inspection

OTHERS = 0o077


def directory(case: Case) -> Finding:
    """It can be written; a missing one can be made."""
    path = case.folder
    if not os.path.lexists(path):
        return _missing(path)
    if not path.is_dir():
        return problem(f"{path} is not a directory.", "Choose another one with TERTULIA_DATA_DIR.")
    if not _can_write(path):
        return problem(f"{path} cannot be written by this user.", f'Run `sudo chown -R "$(id -un)" {_quoted(path)}`.')
    return _private(path) or _own(path) or ok(f"{path} can be written.")


def _missing(path: Path) -> Finding:
    above = next(parent for parent in path.parents if parent.exists())
    if above.is_dir() and os.access(above, os.W_OK | os.X_OK):
        return ok(f"{path} is made at the first start.")
    return problem(
        f"{path} is missing, and this user cannot make it.", f'Run `sudo install -d -o "$(id -un)" {_quoted(path)}`.'
    )


def _can_write(path: Path) -> bool:
    """Tried, since modes alone do not tell of read-only file systems; the file has no name, or is gone at once."""
    try:
        with tempfile.TemporaryFile(dir=path) as file:
            file.write(b"?")
    except OSError:
        return False
    return True


def _private(path: Path) -> Finding | None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if not mode & OTHERS:
        return None
    return warning(
        f"Others on this machine can look into {path} (mode {mode:04o}), where everybody's messages are.",
        f"Run `chmod 700 {_quoted(path)}`.",
    )


def _own(path: Path) -> Finding | None:
    owner = path.stat().st_uid
    if owner == os.geteuid():
        return None
    return warning(
        f"{path} belongs to {name_of(owner)}, and the doctor runs as {name_of(os.geteuid())}.",
        f"Ask again as the user of the server: `sudo -u {name_of(owner)} tertulia doctor`.",
    )


def key(case: Case) -> Finding:
    """The file of the signing key, unless the key comes from the settings."""
    if case.settings.secret_key:
        return ok(f"The signing key comes from the {case.loaded.origins['secret_key']}.")
    file = case.folder / KEY_FILE
    if not file.exists():
        return ok("The signing key is made at the first start.")
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & OTHERS:
        return problem(
            f"Others on this machine can get at the signing key {file} (mode {mode:04o}), and be anybody with it.",
            f"Run `chmod 600 {_quoted(file)}`; if somebody may have read it, delete it and start the server again, "
            "which signs everybody out.",
        )
    if file.stat().st_size < 32:
        return problem(f"The signing key {file} is too short.", "Delete the file to get a new one.")
    return ok(f"Only its owner can read the signing key {file}.")


def env_file(_case: Case) -> Finding | None:
    """`.env` may hold secrets."""
    file = Path(".env").absolute()
    if not file.is_file():
        return None
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & 0o022:
        return problem(f"Others can change {file} (mode {mode:04o}).", f"Run `chmod 600 {_quoted(file)}`.")
    if mode & OTHERS and _holds_secrets(file):
        return problem(
            f"Others can read {file} (mode {mode:04o}), and there are secrets in it.",
            f"Run `chmod 600 {_quoted(file)}`, and change the secrets if somebody may have read them.",
        )
    return ok(f"{file} is safe from others.")


def _holds_secrets(file: Path) -> bool:
    lines = (line.partition("=") for line in file.read_text(errors="replace").splitlines())
    return any(
        word in name.upper() and (word != "DATABASE_URL" or "@" in value)
        for name, _, value in lines
        for word in ("SECRET", "TOKEN", "PASSWORD", "SMTP_URL", "DATABASE_URL")
    )


def database_files(case: Case) -> Finding | None:
    """A database elsewhere is not protected by the mode of the data directory."""
    files = inspection.files(case.settings.database_url)
    if not files or files[0].parent == case.folder:
        return None
    open_ones = [file for file in files if stat.S_IMODE(file.stat().st_mode) & OTHERS]
    above = stat.S_IMODE(case.database.parent.stat().st_mode)
    if not open_ones or not above & 0o011:
        return ok(f"Only its owner can read {case.database}.")
    return warning(
        f"Others on this machine can read {case.database}, where everybody's messages are.",
        f"Run `chmod 600 {' '.join(_quoted(file) for file in open_ones)}`.",
    )


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))


CHECKS: Checks = (
    ("data directory", directory),
    ("secret key", key),
    (".env", env_file),
    ("database files", database_files),
)
