"""What is read from the folders for browsers, and the package that is made of it."""

import gzip
import json
import tarfile
from pathlib import Path

import pytest

from tertulia import __version__, web
from tertulia.web import own_web, read_web

ROOT = Path(__file__).parents[1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path, content in {
        "client/tertulia.js": "export {};",
        "client/net/link.js": "export {};",
        "client/.npmignore": "",
        "client/__pycache__/x.pyc": "",
        "client/node_modules/react/index.js": "",
        "app/index.html": "<!doctype html>",
        "other/x.js": "",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    (tmp_path / "app" / "secret.js").symlink_to("/etc/passwd")
    return tmp_path


def test_all_files_but_hidden_ones(folder: Path) -> None:
    found = read_web(folder)
    assert dict(found.client) == {"net/link.js": b"export {};", "tertulia.js": b"export {};"}
    assert dict(found.app) == {"index.html": b"<!doctype html>"}


def test_folders_that_are_not_there_are_empty(tmp_path: Path) -> None:
    assert not read_web(tmp_path).app


def test_more_than_memory_should_hold_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "MAX_BYTES", 30)
    with pytest.raises(ValueError, match="more than 30 bytes"):
        read_web(folder)


def test_the_package_is_the_same_every_time(folder: Path) -> None:
    first = read_web(folder).package
    (folder / "client/net/link.js").touch()
    (folder / "client/net/link.js").chmod(0o600)
    assert read_web(folder).package == first
    (folder / "client/net/link.js").write_text("export {}; // changed")
    assert read_web(folder).package != first
    assert first[4:8] == bytes(4)  # no time in gzip's head
    assert b"root" not in gzip.decompress(first)


def test_the_package_can_be_unpacked(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "tertulia.tgz").write_bytes(read_web(folder).package)
    with tarfile.open(tmp_path / "tertulia.tgz") as archive:
        archive.extractall(tmp_path / "there", filter="data")
    assert (tmp_path / "there/package/net/link.js").read_text() == "export {};"


def test_our_own_package_is_complete() -> None:
    about = json.loads(own_web().client["package.json"])
    assert (about["name"], about["version"], about["license"]) == ("tertulia", __version__, "MIT")
    assert not about.get("dependencies")
    named = json.dumps(about["exports"]).split('"./')[1:]
    files = {name.partition('"')[0] for name in named if not name.startswith(('react"', 'package.json": '))}
    assert {"README.md", "tertulia.js", "react.js"} <= own_web().client.keys()
    assert files <= own_web().client.keys()


def test_our_own_package_says_what_one_may_do_with_it() -> None:
    assert own_web().client["LICENSE"] == (ROOT / "LICENSE").read_bytes()
