"""Tests of what a user may not write must bite for root too, who may write everything."""

import os
import shutil

import pytest


def without_powers() -> list[str]:
    """What to put before a command, so that the modes of files hold for it whoever runs the tests."""
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("run by root, and setpriv is missing")
    return [setpriv, "--bounding-set=-all", "--inh-caps=-all", "--"]
