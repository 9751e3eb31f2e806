"""Who may sign up, and who gets back in after forgetting a password."""

from urllib.parse import urlsplit

from tertulia.cli.doctor.finding import Case, Checks, Finding, ok, problem, text_of, warning
from tertulia.protocol.origins import is_loopback


def registration(case: Case) -> Finding:
    who = text_of(case, "registration") or "open"
    if who == "open":
        return warning(
            "Anybody can sign up.",
            "If that is not meant, set TERTULIA_REGISTRATION=invite or TERTULIA_REGISTRATION=closed.",
        )
    return ok("People sign up with an invitation." if who == "invite" else "Nobody can sign up.")


def mail(case: Case) -> Finding:
    url = text_of(case, "smtp_url")
    if not url:
        return ok(
            "No mail is sent: who forgot a password asks you (`tertulia reset-password USER`).",
            "Set TERTULIA_SMTP_URL to let people help themselves.",
        )
    parts = urlsplit(url)
    if not text_of(case, "public_url"):
        return problem(
            "Mail is sent, and its links lead nowhere.", "Set TERTULIA_PUBLIC_URL, such as https://chat.example.org."
        )
    if parts.scheme == "smtp" and not is_loopback(parts.hostname or ""):
        return warning("Mail goes out without TLS.", "Give TERTULIA_SMTP_URL the scheme smtp+starttls or smtps.")
    return ok("Mail is sent.")


def public_url(case: Case) -> Finding | None:
    url = text_of(case, "public_url")
    if not url:
        return None
    if not url.startswith("https://"):
        return problem("TERTULIA_PUBLIC_URL has no TLS: links with one-time codes can be read.", "Give it https.")
    return ok(f"People reach it at {url}.")


CHECKS: Checks = (("registration", registration), ("mail", mail), ("public url", public_url))
