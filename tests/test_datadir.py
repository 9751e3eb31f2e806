"""The data directory: made for its owner alone, and for one server at a time."""

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from support.powers import without_powers
from tertulia.datadir import KEY_FILE, LOCK_FILE, DataDirError, Serving, open_data_dir, serving


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def run(code: str, *before: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*before, sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_directory_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    found = open_data_dir(tmp_path / "a" / "b")
    assert found.is_new
    assert mode(found.path) == 0o700
    assert not open_data_dir(found.path).is_new


def test_key_is_random_kept_and_for_its_owner_alone(tmp_path: Path) -> None:
    here, there = open_data_dir(tmp_path / "here"), open_data_dir(tmp_path / "there")
    key = here.secret_key()
    assert len(key) >= 64
    assert here.secret_key() == key != there.secret_key()
    assert mode(here.path / KEY_FILE) == 0o600
    assert [file.name for file in here.path.iterdir()] == [KEY_FILE]


def test_key_that_somebody_cut_is_refused(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_text("short")
    with pytest.raises(DataDirError, match="too short: delete the file"):
        open_data_dir(tmp_path).secret_key()


def test_two_that_make_the_key_at_once_get_the_same(tmp_path: Path) -> None:
    place = f"Path({str(tmp_path)!r})"
    code = f"from pathlib import Path; from tertulia.datadir import *; print(open_data_dir({place}).secret_key())"
    running = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert len({process.communicate()[0] for process in running}) == 1


def test_second_server_is_refused_with_the_number_of_the_first(tmp_path: Path) -> None:
    code = f"""
from pathlib import Path
from tertulia.datadir import open_data_dir
lock = open_data_dir(Path({str(tmp_path)!r})).lock()
print("held", flush=True)
input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        first.stdout.readline()
        with pytest.raises(
            DataDirError, match=rf"already runs on .* \(process {first.pid}\): stop it with `kill {first.pid}`"
        ):
            open_data_dir(tmp_path).lock()
        first.kill()
    open_data_dir(tmp_path).lock().release()  # a killed server leaves no lock behind


def test_lock_is_free_again_after_release(tmp_path: Path) -> None:
    with open_data_dir(tmp_path).lock(), pytest.raises(DataDirError, match="already runs"):
        open_data_dir(tmp_path).lock()
    open_data_dir(tmp_path).lock().release()
    assert (tmp_path / LOCK_FILE).exists()


def test_who_serves_a_directory_can_be_asked_without_a_trace(tmp_path: Path) -> None:
    assert serving(tmp_path) is None
    assert list(tmp_path.iterdir()) == []
    with open_data_dir(tmp_path).lock():
        assert serving(tmp_path) == Serving(str(os.getpid()))
        assert serving(tmp_path) == Serving(str(os.getpid()))
    assert serving(tmp_path) is None
    open_data_dir(tmp_path).lock().release()


def test_where_it_is_reached_is_known_while_it_runs(tmp_path: Path) -> None:
    for local, public in (("http://127.0.0.1:8123", "https://chat.example.org"), ("http://[::1]:9", "")):
        with open_data_dir(tmp_path).lock() as lock:
            lock.announce(local, public)
            assert serving(tmp_path) == Serving(str(os.getpid()), local, public)
        assert serving(tmp_path) is None
        assert (tmp_path / LOCK_FILE).read_bytes() == b""


def test_what_a_killed_server_left_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / LOCK_FILE).write_text("1\nhttp://127.0.0.1:8123\n\n")
    assert serving(tmp_path) is None
    with open_data_dir(tmp_path).lock():
        assert serving(tmp_path) == Serving(str(os.getpid()))


def test_file_in_the_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    for path in (tmp_path / "data", tmp_path / "data" / "below"):
        with pytest.raises(DataDirError, match=f"^{path} is not a directory: choose another one with --data-dir"):
            open_data_dir(path)


@pytest.mark.parametrize(("place", "command"), [("", "sudo chown -R"), ("data", "sudo install -d -o")])
def test_unwritable_directory_is_refused_with_the_command_that_helps(tmp_path: Path, place: str, command: str) -> None:
    tmp_path.chmod(0o500)
    code = f"from pathlib import Path; from tertulia.datadir import *; open_data_dir(Path({str(tmp_path / place)!r}))"
    said = run(code, *without_powers()).stderr
    tmp_path.chmod(0o700)
    assert re.search(
        rf"DataDirError: {tmp_path / place} cannot be written by this user: run `{re.escape(command)}", said
    )
