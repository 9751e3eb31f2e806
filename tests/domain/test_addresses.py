from ipaddress import ip_address

import pytest

from tertulia.domain.addresses import Allowed, is_own

OWN = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",  # IPv4-compatible
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",  # NAT64 of 127.0.0.1
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",  # Teredo
    "2001:db8::1",
    "2002:7f00:1::",  # 6to4 of 127.0.0.1
    "2002:a9fe:a9fe::1",
    "2002:c0a8:101::1",
    "3fff::1",
    "4000::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700::1%eth0",
    "fec0::1",
    "ff02::1",
]
WORLD = [
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "100.128.0.1",
    "172.15.0.1",
    "172.32.0.1",
    "192.0.1.1",
    "223.255.255.255",
    "2606:4700::1111",
    "2a00:1450:4001::1",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
]


@pytest.mark.parametrize("address", OWN)
def test_the_own_network_is_not_reached(address: str) -> None:
    assert is_own(ip_address(address))
    assert not Allowed().may_reach(address)


@pytest.mark.parametrize("address", WORLD)
def test_the_world_is_reached(address: str) -> None:
    assert Allowed().may_reach(address)


@pytest.mark.parametrize("address", ["", "localhost", "127.1", "0x7f000001", "2130706433", "1.1.1.1/32", " 1.1.1.1"])
def test_what_is_no_address_is_not_reached(address: str) -> None:
    assert not Allowed(["0.0.0.0/0", "::/0"]).may_reach(address)


def test_networks_are_allowed_by_name_and_nothing_beside_them() -> None:
    allowed = Allowed(["10.1.0.0/16", "fd00::/8", "127.0.0.1"])
    assert allowed.may_reach("10.1.2.3")
    assert allowed.may_reach("::ffff:10.1.2.3")
    assert allowed.may_reach("fd12::1")
    assert allowed.may_reach("127.0.0.1")
    assert not allowed.may_reach("10.2.0.1")
    assert not allowed.may_reach("127.0.0.2")
    assert not allowed.may_reach("::1")
    with pytest.raises(ValueError, match="not appear to be"):
        Allowed(["everywhere"])
