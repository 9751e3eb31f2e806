"""The keys that make somebody somebody: our own, and that of a product's backend."""

import subprocess
from pathlib import Path

from tertulia.cli.doctor.finding import Case, Checks, Finding, ok, problem, text_of, warning
from tertulia.datadir import KEY_FILE

OLD_DAYS = 730
VARIED = 12
"""Different characters that a random key of 32 has for sure."""
DAY = 86_400 * 1_000_000

_NEW_KEY = "Make one: `python3 -c 'import secrets; print(secrets.token_urlsafe(48))'`."


def strength(case: Case) -> Finding | None:
    """Of a key that somebody chose; that of the data directory is random."""
    weak = [
        variable
        for name, variable in (("secret_key", "TERTULIA_SECRET_KEY"), ("jwt_secret", "TERTULIA_JWT_SECRET"))
        if (key := text_of(case, name)) and len(set(key)) < VARIED
    ]
    if weak:
        return problem(f"{' and '.join(weak)} can be guessed.", _NEW_KEY)
    return ok("The keys in the settings are not easily guessed.") if case.settings.secret_key else None


def age(case: Case) -> Finding | None:
    file = case.folder / KEY_FILE
    if case.settings.secret_key or not file.exists():
        return None
    return judge_age((case.clock.now() - file.stat().st_mtime_ns // 1_000) // DAY)


def judge_age(days: int) -> Finding:
    if days <= OLD_DAYS:
        return ok(f"The signing key is {days} days old.")
    return warning(
        f"The signing key is {days} days old.",
        "If others could have seen it since: delete the file and start the server again, which signs everybody out.",
    )


def in_git(case: Case) -> Finding | None:
    """Keys that lie in a clone are published by one `git add`."""
    files = [file for file in (case.folder / KEY_FILE, Path(".env").absolute()) if file.exists()]
    inside = [file for file in files if _work_tree(file)]
    if not inside:
        return ok("No key lies in a git repository.") if files else None
    shown = " and ".join(map(str, inside))
    if not all(_is_ignored(file) for file in inside):
        return problem(
            f"{shown}: in a git repository, and git does not ignore it.",
            "Move it out, or add it to .gitignore; if it was ever committed, change it.",
        )
    return warning(
        f"{shown}: in a git repository, which ignores it; `git clean -x` deletes it.",
        "Set TERTULIA_DATA_DIR to a place such as /var/lib/tertulia.",
    )


def _work_tree(file: Path) -> Path | None:
    return next((parent for parent in file.resolve().parents if (parent / ".git").exists()), None)


def _is_ignored(file: Path) -> bool:
    """Whether git says so; a git that is missing or refuses says nothing."""
    git = ["git", "-C", str(file.resolve().parent)]
    ignored = _succeeds([*git, "check-ignore", "--quiet", file.name])
    return ignored and not _succeeds([*git, "ls-files", "--error-unmatch", file.name])


def _succeeds(command: list[str]) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, timeout=10, check=False)  # noqa: S603 - ours
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def foreign_tokens(case: Case) -> Finding | None:
    """Tokens that a product's backend signs."""
    secret, keys = text_of(case, "jwt_secret"), text_of(case, "jwks_url")
    if not secret and not keys:
        return None
    if keys.startswith("http://"):
        return problem("TERTULIA_JWKS_URL has no TLS: on the way others can put their key in.", "Give it https.")
    missing = [
        variable
        for name, variable in (("jwt_issuer", "TERTULIA_JWT_ISSUER"), ("jwt_audience", "TERTULIA_JWT_AUDIENCE"))
        if not text_of(case, name)
    ]
    if missing:
        return warning(
            "A token that your backend signs for another purpose opens the chat, too.",
            f"Set {' and '.join(missing)} to what your tokens say.",
        )
    return ok("Tokens of your backend are taken, for this issuer and audience only.")


CHECKS: Checks = (
    ("key strength", strength),
    ("key age", age),
    ("git", in_git),
    ("foreign tokens", foreign_tokens),
)
