"""What the person at the command line is told when something here cannot work."""


class Refusal(Exception):  # noqa: N818 - it is an answer, not an accident
    """One sentence that says what is wrong and names the command or the setting that helps."""

    exit_code = 1
