"""`make` on a machine that lacks something: one sentence, with the command that helps. And the second time is quick."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from support.powers import without_powers

ROOT = Path(__file__).parents[1]
TOOLS = ["sh", "make", "cat", "cksum", "uname", "dirname", "id", "rm", "grep"]

OLD = """#!/bin/sh
case "$*" in
  *print*) echo 3.9 ;;
  *) exit 1 ;;
esac
"""
WITHOUT_VENV = """#!/bin/sh
case "$*" in
  *print*) echo 3.12 ;;
  *ensurepip*) exit 1 ;;
esac
"""
# Makes a virtual environment whose Python only notes what it is asked to do.
GOOD = """#!/bin/sh
case "$*" in
  *print*) echo 3.12 ;;
  *venv\\ --clear*)
    rm -rf .venv
    mkdir -p .venv/bin
    echo made >>log
    printf '%s\\n' '#!/bin/sh' 'case "$*" in *pip*) echo "$*" >>log ;; esac' >.venv/bin/python
    printf '%s\\n' '#!/bin/sh' 'echo served "$@"' >.venv/bin/tertulia
    chmod +x .venv/bin/*
    ;;
esac
"""


class Machine:
    """A clone of the project, and a PATH that has only what is put there."""

    def __init__(self, folder: Path) -> None:
        self.clone, self.bin = folder / "clone", folder / "bin"
        self.bin.mkdir()
        for name in (*TOOLS, "mkdir", "chmod", "printf"):
            found = shutil.which(name)
            assert found is not None, name
            (self.bin / name).symlink_to(found)
        for name in ("Makefile", "pyproject.toml", "tools/setup", "src/tertulia/__init__.py"):
            (self.clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.clone / name)
        shutil.copytree(ROOT / "requirements", self.clone / "requirements")

    def has(self, name: str, script: str) -> None:
        (self.bin / name).write_text(script)
        (self.bin / name).chmod(0o755)

    def make(self, *words: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.bin), "HOME": os.environ.get("HOME", "/")}
        command = [*before, str(self.bin / "make"), *words]
        return subprocess.run(command, cwd=self.clone, env=environment, capture_output=True, text=True, check=False)

    def log(self) -> list[str]:
        """What was done since the last time this was asked."""
        file = self.clone / "log"
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return lines


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence, without what make says itself."""
    assert done.returncode != 0
    (sentence,) = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    return sentence


def test_python_that_is_too_old(machine: Machine) -> None:
    machine.has("python3", OLD)
    machine.has("apt-cache", '#!/bin/sh\n[ "$2" = python3.12 ]\n')
    assert refusal(machine.make("run")) == (
        "Tertulia needs Python 3.11 or newer, and this is 3.9: "
        "run `sudo apt install python3.12 python3.12-venv` and try again."
    )


def test_python_that_is_too_old_on_macos(machine: Machine) -> None:
    machine.has("python3", OLD)
    (machine.bin / "uname").unlink()
    machine.has("uname", "#!/bin/sh\necho Darwin\n")
    assert "run `brew install python@3.13` and try again." in refusal(machine.make("test"))


def test_no_python_at_all(machine: Machine) -> None:
    assert refusal(machine.make("run")).startswith("Tertulia needs Python 3.11 or newer, and there is none: run `sudo")


def test_python_that_was_asked_for_and_is_not_there(machine: Machine) -> None:
    machine.has("python3", GOOD)
    said = refusal(machine.make("run", "PYTHON=/opt/none/python3"))
    assert said.startswith("There is no Python at /opt/none/python3: ")


def test_missing_venv(machine: Machine) -> None:
    machine.has("python3", WITHOUT_VENV)
    assert refusal(machine.make("run")) == (
        "Python 3.12 is here, but not its module venv: run `sudo apt install python3.12-venv` and try again."
    )


def test_another_python_that_will_do_is_taken(machine: Machine) -> None:
    machine.has("python3", OLD)
    machine.has("python3.13", WITHOUT_VENV)
    machine.has("python3.11", GOOD)
    assert machine.make("run").stdout == "served serve\n"


def test_unwritable_directory(machine: Machine) -> None:
    machine.has("python3", GOOD)
    machine.clone.chmod(0o500)
    said = refusal(machine.make("run", before=tuple(without_powers())))
    machine.clone.chmod(0o700)
    assert said == (
        f"{machine.clone} cannot be written by this user: "
        f"run `sudo chown -R \"$(id -un)\" '{machine.clone}'` and try again."
    )


def test_everything_is_installed_from_the_lock_and_only_once(machine: Machine) -> None:
    machine.has("python3", GOOD)
    assert machine.make("run", "ARGS=--port 9").stdout == "served serve --port 9\n"
    made, dependencies, project = machine.log()
    assert made == "made"
    assert "--require-hashes --requirement requirements/run.txt" in dependencies
    assert "--no-deps --no-index --no-build-isolation --editable ." in project
    again = machine.make("run")
    assert (again.stdout, again.stderr, machine.log()) == ("served serve\n", "", [])


def test_a_changed_lock_is_installed(machine: Machine) -> None:
    machine.has("python3", GOOD)
    machine.make("run")
    machine.log()
    with (machine.clone / "requirements/run.txt").open("a") as lock:
        lock.write("# newer\n")
    machine.make("run")
    assert len(machine.log()) == 2


def test_an_installation_that_failed_is_tried_again(machine: Machine) -> None:
    machine.has("python3", GOOD)
    machine.make("run")
    machine.log()
    python = machine.clone / ".venv/bin/python"
    good = python.read_text()
    python.write_text('#!/bin/sh\ncase "$*" in *pip*) exit 1 ;; esac\n')
    (machine.clone / ".venv/.made-run").unlink()
    assert "without a network" in machine.make("run").stderr
    python.write_text(good)
    assert machine.make("run").returncode == 0
    assert len(machine.log()) == 2


def test_the_set_up_of_the_tests_is_enough_to_run(machine: Machine) -> None:
    machine.has("python3", GOOD)
    for lock in ("run", "test"):
        subprocess.run(
            [machine.bin / "sh", "tools/setup", lock], cwd=machine.clone, env={"PATH": machine.bin}, check=True
        )
    assert any("requirements/test.txt" in line for line in machine.log())
    machine.make("run")
    assert machine.log() == []


def test_a_moved_folder_or_another_python_gets_a_new_environment(machine: Machine) -> None:
    machine.has("python3", GOOD)
    machine.has("python3.12", GOOD)
    machine.make("run")
    machine.log()
    machine.clone = machine.clone.rename(machine.clone.with_name("moved"))
    machine.make("run")
    assert machine.log()[0] == "made"
    machine.make("run", "PYTHON=python3.12")
    assert machine.log()[0] == "made"
    machine.make("run")
    assert machine.log() == []


APT = """#!/bin/sh
echo "apt-get $*" >>$LOG
case "$*" in download*nginx-core) : >nginx-core_1_all.deb ;; download*) exit 1 ;; esac
"""
DPKG = """#!/bin/sh
mkdir -p $3/usr/sbin && : >$3/usr/sbin/nginx && chmod +x $3/usr/sbin/nginx
"""


def fetch_proxies(machine: Machine) -> subprocess.CompletedProcess[str]:
    (machine.clone / "tools").mkdir(exist_ok=True)
    text = (ROOT / "tools" / "proxies").read_text()
    (machine.clone / "tools" / "proxies").write_text(text.replace('"/usr/sbin/', '"/none/'))  # not this machine's
    environment = {"PATH": str(machine.bin), "LOG": str(machine.clone / "log")}
    command = [str(machine.bin / "sh"), "tools/proxies"]
    return subprocess.run(command, cwd=machine.clone, env=environment, capture_output=True, text=True, check=False)


def test_proxies_that_are_there_are_taken(machine: Machine) -> None:
    for name in ("nginx", "caddy"):
        machine.has(name, "#!/bin/sh\n")
    done = fetch_proxies(machine)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_without_debian_one_is_told_what_is_skipped(machine: Machine) -> None:
    done = fetch_proxies(machine)
    assert done.returncode == 0  # everything else is tested
    assert done.stderr.splitlines() == [
        f"There is no {name} here: the tests behind it are skipped. Install it to run them."
        for name in ("nginx", "caddy")
    ]


def test_debians_packages_are_unpacked_and_not_installed(machine: Machine) -> None:
    machine.has("apt-get", APT)
    machine.has("dpkg", DPKG)
    done = fetch_proxies(machine)
    assert "no nginx" not in done.stderr
    assert "There is no caddy here" in done.stderr
    asked = machine.log()
    assert not [line for line in asked if "install" in line]
    assert len([line for line in asked if "update" in line]) == (os.geteuid() == 0)
    fetch_proxies(machine)
    again = machine.log()
    assert not [line for line in again if "nginx" in line or "update" in line]


def run_tool(machine: Machine, name: str) -> subprocess.CompletedProcess[str]:
    (machine.clone / "tools").mkdir(exist_ok=True)
    text = (ROOT / "tools" / name).read_text()
    (machine.clone / "tools" / name).write_text(text.replace("/Applications/", "/none/"))  # not this machine's
    environment = {"PATH": str(machine.bin), "LOG": str(machine.clone / "log"), "BIN": str(machine.bin)}
    command = [str(machine.bin / "sh"), f"tools/{name}"]
    return subprocess.run(command, cwd=machine.clone, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["chromium", "google-chrome"])
def test_a_browser_that_is_there_is_taken(machine: Machine, name: str) -> None:
    machine.has(name, "#!/bin/sh\n")
    machine.has("apt-get", APT)
    done = run_tool(machine, "browser")
    assert (done.returncode, done.stdout, done.stderr, machine.log()) == (0, "", "", [])


def test_without_a_browser_one_is_told_what_is_skipped(machine: Machine) -> None:
    done = run_tool(machine, "browser")
    assert done.returncode == 0  # everything else is tested
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith("There is no Chromium here: the tests in the browser are skipped. Install it")
    assert "sudo apt install chromium" in sentence


APT_INSTALL = """#!/bin/sh
echo "apt-get $*" >>$LOG
echo noise; echo noise >&2
[ -e $BIN/updated ] || case "$1" in update) : >$BIN/updated; exit 0 ;; *) exit 100 ;; esac
printf '#!/bin/sh\\n' >$BIN/chromium && chmod +x $BIN/chromium
"""


@pytest.mark.parametrize("user", [0, 1000])
def test_root_gets_debians_browser_and_others_are_asked(machine: Machine, user: int) -> None:
    machine.has("apt-get", APT_INSTALL)
    (machine.bin / "id").unlink()
    machine.has("id", f"#!/bin/sh\necho {user}\n")
    done = run_tool(machine, "browser")
    (sentence,) = done.stderr.splitlines()
    if user:
        assert sentence.startswith("There is no Chromium here")
        assert machine.log() == []
    else:
        assert sentence == "Installing Chromium for the tests in the browser."
        assert [line.split()[1] for line in machine.log()] == ["install", "update", "install"]
    assert done.stdout == ""


NPM = """#!/bin/sh
echo "npm $*" >>log
rm -rf node_modules && mkdir node_modules
[ ! -e offline ]
"""


def test_javascript_packages_are_installed_from_the_lock_and_only_once(machine: Machine) -> None:
    machine.has("npm", NPM)
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(ROOT / name, machine.clone / name)
    (machine.clone / "offline").touch()
    failed = run_tool(machine, "node")
    assert failed.returncode == 1
    assert "without a network" in failed.stderr
    (machine.clone / "offline").unlink()
    assert run_tool(machine, "node").returncode == 0
    assert [line.split()[:2] for line in machine.log()] == [["npm", "ci"]] * 2
    done = run_tool(machine, "node")
    assert (done.returncode, done.stderr, machine.log()) == (0, "", [])
    with (machine.clone / "package-lock.json").open("a") as lock:
        lock.write("\n")
    run_tool(machine, "node")
    assert len(machine.log()) == 1
