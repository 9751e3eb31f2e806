"""`pip install .` gives a `tertulia` that works anywhere; and what is installed is pinned."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import urllib.request
import zipfile
from pathlib import Path

import pytest

from support.commands import Serving, environment

ROOT = Path(__file__).parents[1]
LOCKS = (ROOT / "requirements" / "run.txt", ROOT / "requirements" / "test.txt")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`tertulia` of the wheel, in a virtual environment that borrows the dependencies of the tests, not their code."""
    venv = tmp_path_factory.mktemp("elsewhere") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    install = [sys.executable, "-m", "pip", "--python", str(venv), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*install, str(wheel)], check=True)
    (packages,) = venv.glob("lib/python*/site-packages")
    # A path in a .pth file is searched, but .pth files in it (our editable install) are not read.
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return venv / "bin" / "tertulia"


def run(program: Path, folder: Path, *words: str) -> str:
    done = subprocess.run(
        [str(program), *words], cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_wheel_has_all_that_the_package_has(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    source = ROOT / "src"
    ours = {
        str(path.relative_to(source))
        for path in (source / "tertulia").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert ours <= inside
    assert {path for path in inside if re.match(r"tertulia/storage/migrations/versions/\d{4}_\w+\.py$", path)}
    assert {"tertulia/docs/protocol.md", "tertulia/docs/settings.md", "tertulia/py.typed"} <= inside
    assert not [path for path in inside if path.startswith(("tests/", "tools/", "bench/"))]
    assert [path for path in inside if path.endswith("licenses/LICENSE")]


def test_the_files_for_browsers_are_in_the_wheel_and_in_the_sources(wheel: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(built) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    web = {f"tertulia/web/{name}" for name in ("client/tertulia.js", "client/package.json", "app/index.html")}
    assert web <= set(zipfile.ZipFile(wheel).namelist())
    assert {f"src/{name}" for name in web} <= names
    assert not [name for name in names if "node_modules" in name or name.startswith((".venv", "build/", "data/"))]


def test_installed_program_is_the_one_of_the_wheel(program: Path, tmp_path: Path) -> None:
    code = "import tertulia; print(tertulia.__file__)"
    found = subprocess.check_output([program.with_name("python"), "-c", code], cwd=tmp_path, text=True)
    assert Path(found.strip()).is_relative_to(program.parents[1])


def test_installed_program_works_from_any_directory(program: Path, tmp_path: Path) -> None:
    assert "serve" in run(program, tmp_path, "--help")
    assert run(program, tmp_path, "migrate").startswith(f"The database {tmp_path}/data/tertulia.db is up to date")
    with Serving(tmp_path, program=program) as serving:
        assert serving.get("/readyz")["status"] == "ready"
        for path in (
            "/",
            "/about",
            "/client/tertulia.js",
            "/client/tertulia.tgz",
            "/api/docs",
            "/swagger/",
            "/api/openapi.json",
            "/api/asyncapi.json",
        ):
            with urllib.request.urlopen(serving.address + path, timeout=20) as answer:
                assert answer.status == 200, path


def pinned(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", lock.read_text(), re.MULTILINE))


def names(requirements: list[object]) -> set[str]:
    return {
        re.split(r"[^A-Za-z0-9._-]", each)[0].lower().replace("_", "-")
        for each in requirements
        if isinstance(each, str)
    }


def test_locks_pin_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    run_time, tests = map(pinned, LOCKS)
    assert names(project["project"]["dependencies"]) <= run_time.keys()
    assert names(project["dependency-groups"]["build"]) <= run_time.keys()
    assert names(project["dependency-groups"]["test"]) <= tests.keys()
    assert run_time.items() <= tests.items()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_locks_have_hashes_and_no_hosts(lock: Path) -> None:
    for block in re.split(r"\n(?=\S)", lock.read_text().strip())[1:]:
        first, *hashes = block.splitlines()
        assert re.fullmatch(r"[a-z0-9.-]+==\S+( ; .+)? \\", first), first
        assert hashes
        assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line) for line in hashes), first


def test_javascript_packages_are_pinned_by_hash_and_come_from_no_named_host() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    for name, package in packages.items():
        assert not name or package.get("link") or package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, name


def test_ci_runs_what_developers_run() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "\nexec make test\n" in script.read_text()
