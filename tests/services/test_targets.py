from collections.abc import Sequence

import pytest

from tertulia.services.targets import TargetError, Targets


async def one(_host: str, _port: int) -> Sequence[str]:
    return ["8.8.8.8", "2606:4700::1111"]


async def test_all_addresses_of_a_name_are_given() -> None:
    assert await Targets(resolve=one).addresses("app.example", 443) == ["8.8.8.8", "2606:4700::1111"]


@pytest.mark.parametrize("own", ["127.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "fe80::1%eth0"])
async def test_one_own_address_among_others_is_enough(own: str) -> None:
    async def mixed(_host: str, _port: int) -> Sequence[str]:
        return ["8.8.8.8", own]

    with pytest.raises(TargetError, match="own network"):
        await Targets(resolve=mixed).addresses("app.example", 443)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "127.1", "2130706433", "0x7f.1", "0"])
async def test_every_way_to_write_this_machine_is_refused(host: str) -> None:
    targets = Targets()
    try:
        with pytest.raises(TargetError):
            await targets.addresses(host, 80)
    finally:
        targets.close()


async def test_what_is_allowed_by_name_is_reached() -> None:
    targets = Targets(["127.0.0.0/8"])
    assert await targets.addresses("127.0.0.1", 80) == ["127.0.0.1"]
    targets.close()


async def test_a_name_without_addresses_is_refused() -> None:
    async def nothing(_host: str, _port: int) -> Sequence[str]:
        return []

    with pytest.raises(TargetError, match="no address"):
        await Targets(resolve=nothing).addresses("app.example", 443)


@pytest.mark.parametrize("host", ["nothing.invalid", "a" * 300, "\udcff"])
async def test_a_name_that_cannot_be_looked_up_is_refused(host: str) -> None:
    targets = Targets()
    with pytest.raises(TargetError, match="cannot be looked up"):
        await targets.addresses(host, 443)
    targets.close()
