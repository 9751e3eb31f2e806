"""`tertulia config`: every setting, its value, where it came from; secrets masked."""

from pathlib import Path

from support.commands import tertulia
from tertulia.datadir import open_data_dir
from tertulia.settings import Settings, variable


def rows(folder: Path, *words: str, **variables: str) -> dict[str, tuple[str, str]]:
    said = tertulia(folder, "config", *words, variables=variables).stdout
    lines = [line.split("│") for line in said.splitlines()]
    return {cells[1].strip(): (cells[2].strip(), cells[3].strip()) for cells in lines if len(cells) == 5}


def test_every_setting_is_shown_with_its_origin(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TERTULIA_POST_BURST=7\nTERTULIA_POST_RATE=7\n")
    found = rows(tmp_path, "--port", "1234", TERTULIA_POST_RATE="2.5", TERTULIA_ALLOWED_HOSTS="a.example, b.example")
    assert set(found) == {variable(name) for name in Settings.model_fields}
    assert found["TERTULIA_HOST"] == ("127.0.0.1", "default")
    assert found["TERTULIA_PORT"] == ("1234", "command line")
    assert found["TERTULIA_POST_RATE"] == ("2.5", "environment")
    assert found["TERTULIA_POST_BURST"] == ("7", ".env")
    assert found["TERTULIA_ALLOWED_HOSTS"] == ("a.example,b.example", "environment")
    assert found["TERTULIA_DATABASE_URL"] == (f"sqlite:///{tmp_path}/data/tertulia.db", "default")


def test_secrets_are_masked(tmp_path: Path) -> None:
    secret = "quite-a-secret-" * 4
    done = tertulia(tmp_path, "config", variables={"TERTULIA_SECRET_KEY": secret, "TERTULIA_METRICS_TOKEN": secret})
    assert secret not in done.stdout + done.stderr
    found = rows(tmp_path, TERTULIA_SECRET_KEY=secret)
    assert found["TERTULIA_SECRET_KEY"] == ("********", "environment")
    assert found["TERTULIA_METRICS_TOKEN"] == ("none", "default")


def test_key_file_of_the_data_directory_is_an_origin(tmp_path: Path) -> None:
    assert rows(tmp_path)["TERTULIA_SECRET_KEY"] == ("none yet", "default")
    assert not (tmp_path / "data").exists()
    key = open_data_dir(tmp_path / "data").secret_key()
    assert rows(tmp_path)["TERTULIA_SECRET_KEY"] == ("********", "data directory")
    assert key not in tertulia(tmp_path, "config").stdout
