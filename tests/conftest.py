"""For all tests: properties are tried the same way every time, unless TERTULIA_PROVE=1 asks for new ways."""

from hypothesis import settings

from support.proving import PROVING

settings.register_profile("tertulia", derandomize=not PROVING, deadline=None)
settings.load_profile("tertulia")
