"""Tertulia: a real-time chat server that a developer starts with one command and never outgrows."""

__version__ = "0.1.0"
