"""Tertulia for Python programs.

    from tertulia.client import Client

    async with Client.login("http://127.0.0.1:8000", "ana", password) as client:
        await client.post(room_id, "Hello")

`Client` stays connected, keeps every room up to date and gets posts stored; `Rest` is the bare REST API.
"""

from tertulia.client.address import Address
from tertulia.client.client import Client, History
from tertulia.client.errors import ApiError, ClientError, ConnectionLost, OutboxFull, Stopped
from tertulia.client.feed import Events
from tertulia.client.link import State
from tertulia.client.model import Model
from tertulia.client.outbox import Pending
from tertulia.client.rest import Rest
from tertulia.client.room import Frame, RoomModel
from tertulia.client.tokens import ForeignTokens, SessionTokens

__all__ = [
    "Address",
    "ApiError",
    "Client",
    "ClientError",
    "ConnectionLost",
    "Events",
    "ForeignTokens",
    "Frame",
    "History",
    "Model",
    "OutboxFull",
    "Pending",
    "Rest",
    "RoomModel",
    "SessionTokens",
    "State",
    "Stopped",
]
