"""The AsyncAPI 3 document of the socket, made from the types of commands, replies and events."""

from typing import Any, get_args

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode
from typing_extensions import is_typeddict

from tertulia.domain.errors import CODES, TITLES, CloseCode
from tertulia.protocol import commands, events

SOCKET_PATH = "/ws"
_SCHEMAS = "#/components/schemas/"
_CHANNEL = {"$ref": "#/channels/socket"}

COMMANDS: dict[str, type] = {
    get_args(command.model_fields["cmd"].annotation)[0]: command for command in get_args(commands.Command)
}
"""The type of each command by its name."""

EVENTS: dict[str, type] = {
    get_args(kind.__annotations__["ev"])[0]: kind
    for kind in vars(events).values()
    if is_typeddict(kind) and "ev" in kind.__annotations__
}
"""The type of each event by its name."""

REPLIES: dict[str, type] = {
    "post": events.PostReply,
    "edit": events.PostReply,
    "delete": events.PostReply,
    "react": events.PostReply,
    "pin": events.PostReply,
    "join": events.RoomReply,
    "change": events.RoomReply,
    "add": events.MemberReply,
    "role": events.MemberReply,
    "transfer": events.MemberReply,
    "mute": events.MemberReply,
    "history": events.HistoryReply,
    "me": events.MeReply,
    "refresh": events.RefreshReply,
}
"""What answers a command; `Reply` where none is named."""

DESCRIPTION = """\
One WebSocket, JSON text frames. The normative text is docs/protocol.md.

A client says commands; each is answered by a reply that carries its `id` as `re`. The server says events unasked.
`hello` is the first command of every connection. The access token goes into the `Authorization` header, into the
subprotocols (`tertulia.v1, bearer.<token>`) or into `hello`, never into the URL.
"""


def asyncapi_document(version: str) -> dict[str, Any]:
    """The document, as plain JSON values."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tertulia: the socket",
            "version": version,
            "description": DESCRIPTION,
            "license": {"name": "MIT"},
            "x-error-codes": {code: {"status": status, "title": TITLES[code]} for code, status in CODES.items()},
            "x-close-codes": {str(code.value): code.name.lower() for code in CloseCode},
        },
        "defaultContentType": "application/json",
        "servers": {"here": _server()},
        "channels": {"socket": _channel()},
        "operations": {**_command_operations(), **_event_operations()},
        "components": {
            "schemas": _schemas(),
            "messages": {_name(kind): _message(kind) for kind in _all_types()},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "description": "An access token."}},
        },
    }


def _server() -> dict[str, Any]:
    return {
        "host": "{host}",
        "pathname": "/",
        "protocol": "ws",
        "description": "Where this document came from; wss behind TLS.",
        "variables": {"host": {"default": "127.0.0.1:8000", "description": "Name or address, and port."}},
        "security": [{"$ref": "#/components/securitySchemes/bearer"}],
    }


def _channel() -> dict[str, Any]:
    return {
        "address": SOCKET_PATH,
        "title": "The socket",
        "servers": [{"$ref": "#/servers/here"}],
        "messages": {_name(kind): {"$ref": f"#/components/messages/{_name(kind)}"} for kind in _all_types()},
        "bindings": {"ws": {"method": "GET"}},
    }


def _command_operations() -> dict[str, Any]:
    return {
        f"{name}Command": {
            "action": "receive",  # AsyncAPI speaks of the application that it describes: the server
            "channel": _CHANNEL,
            "title": name,
            "summary": _summary(kind),
            "messages": [_in_channel(kind)],
            "reply": {"channel": _CHANNEL, "messages": [_in_channel(REPLIES.get(name, events.Reply))]},
        }
        for name, kind in COMMANDS.items()
    }


def _event_operations() -> dict[str, Any]:
    return {
        f"{name}Event": {
            "action": "send",
            "channel": _CHANNEL,
            "title": name,
            "summary": _summary(kind),
            "messages": [_in_channel(kind)],
        }
        for name, kind in EVENTS.items()
    }


def _message(kind: type) -> dict[str, Any]:
    return {
        "name": _name(kind),
        "title": _name(kind),
        "summary": _summary(kind),
        "contentType": "application/json",
        "payload": {"$ref": _SCHEMAS + _name(kind)},
    }


def _schemas() -> dict[str, Any]:
    """The types' JSON Schemas by name, with those that they use."""
    inputs: list[tuple[str, JsonSchemaMode, TypeAdapter[Any]]] = [
        (_name(kind), "validation", TypeAdapter(kind)) for kind in _all_types()
    ]
    by_type, shared = TypeAdapter.json_schemas(inputs, ref_template=_SCHEMAS + "{model}")
    used: dict[str, Any] = shared.get("$defs", {})
    return {name: schema for (name, _), schema in by_type.items()} | used


def _all_types() -> list[type]:
    replies = dict.fromkeys([events.Reply, *REPLIES.values()])
    return [*COMMANDS.values(), *replies, *EVENTS.values()]


def _in_channel(kind: type) -> dict[str, str]:
    return {"$ref": f"#/channels/socket/messages/{_name(kind)}"}


def _name(kind: type) -> str:
    return kind.__name__


def _summary(kind: type) -> str:
    return " ".join((kind.__doc__ or "").split())
