"""Everything here runs on both databases."""

from support.databases import dbms, pytest_generate_tests

__all__ = ["dbms", "pytest_generate_tests"]
