"""Is there room, and is it a disk on which SQLite keeps its word?"""

import os
import re
from pathlib import Path

from tertulia.cli.doctor.finding import Case, Checks, Finding, ok, problem, warning

MB = 1_000_000
LEAST, LITTLE = 100 * MB, 1_000 * MB
LARGE_WAL = 256 * MB
MOUNTS = Path("/proc/mounts")

NETWORK = frozenset(
    ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "lustre", "gpfs", "ocfs2", "vboxsf", "ncpfs")
)
"""SQLite's log needs memory that processes share and locks that hold; these have neither, or not reliably."""
NETWORK_FUSE = frozenset(
    ("sshfs", "glusterfs", "s3fs", "rclone", "gcsfuse", "blobfuse", "davfs", "curlftpfs", "vmhgfs-fuse")
)
FLEETING = frozenset(("tmpfs", "ramfs"))


def space(case: Case) -> Finding | None:
    place = _nearest(case.database.parent)
    found = os.statvfs(place)
    if not found.f_blocks:
        return None
    if found.f_files and not found.f_favail:
        return problem(f"The disk of {place} has no free inodes.", "Delete files there, or take another disk.")
    return judge_space(found.f_bavail * found.f_frsize, _size(case.database))


def judge_space(free: int, database: int) -> Finding:
    """In bytes."""
    shown = f"{readable(free)} free, and the database has {readable(database)}."
    if free < LEAST:
        return problem(f"The disk is almost full: {shown}", "Free some space now: when it is full nobody can post.")
    if free < LITTLE or free < database:
        return warning(
            f"The disk gets full: {shown}",
            "Free some space: a backup and some updates need as much again as the database has.",
        )
    return ok(f"The disk has room: {shown}")


def log(case: Case) -> Finding:
    return judge_log(_size(case.database.with_name(case.database.name + "-wal")), running=case.server is not None)


def judge_log(size: int, *, running: bool) -> Finding:
    """SQLite's write-ahead log, in bytes; the server keeps it below 64 MiB unless something holds it up."""
    if size < LARGE_WAL:
        return ok(f"SQLite's write-ahead log has {readable(size)}.")
    advice = (
        "Look for a program that keeps the database open in the middle of a read (a backup, `sqlite3`), and end it."
    )
    if not running:
        advice = "Start the server: it takes the log in."
    return warning(f"SQLite's write-ahead log has grown to {readable(size)}.", advice)


def file_system(case: Case) -> Finding | None:
    try:
        mounts = MOUNTS.read_text(errors="surrogateescape")
    except OSError:
        return None  # not Linux
    return judge_file_system(type_of(_nearest(case.database.parent).resolve(), mounts))


def type_of(path: Path, mounts: str) -> str:
    """The type of the file system that holds `path`, by the lines of /proc/mounts; the last of the nearest wins."""
    nearest, found = -1, ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) > 2 and path.is_relative_to(point := Path(_plain(fields[1]))) and len(point.parts) >= nearest:
            nearest, found = len(point.parts), fields[2]
    return found


def _plain(text: str) -> str:
    r"""/proc/mounts writes a space as `\040`."""
    return re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), text)


def judge_file_system(name: str) -> Finding:
    if name in NETWORK or name.removeprefix("fuse.") in NETWORK_FUSE:
        return problem(
            f"The database is on a network file system ({name}), where SQLite cannot keep its promises.",
            "Move the data directory to a disk of this machine.",
        )
    if name in FLEETING:
        return warning(
            f"The database is in memory ({name}): it is gone after a restart of the machine.",
            "Move the data directory to a disk.",
        )
    if name == "overlay":
        return warning(
            "The database is in the container's own layer: it is gone with the container.",
            "Mount a volume at the data directory.",
        )
    return ok(f"The file system ({name}) is good for SQLite." if name else "The file system is not known.")


def readable(size: int) -> str:
    """Bytes in words: `1.2 GB`."""
    for unit, name in ((1_000 * MB, "GB"), (MB, "MB"), (1_000, "kB")):
        if size >= unit:
            return f"{size / unit:,.1f} {name}"
    return f"{size} bytes"


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def _nearest(path: Path) -> Path:
    """`path`, or what is there of it."""
    return next(each for each in (path, *path.parents) if each.exists())


CHECKS: Checks = (("disk", space), ("log", log), ("file system", file_system))
