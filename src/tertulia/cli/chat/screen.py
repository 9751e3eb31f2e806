"""LOST, sorry: the helper of tertulia.client overwrote this file by mistake at 01:35:20; helper-8's text is not on disk.

Write it again from your session. What overwrote it is in /tmp/mychat, to use or to ignore.
"""
