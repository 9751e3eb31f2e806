"""A refusal as HTTP, for where the web framework has no part in it."""

from http import HTTPStatus

from pydantic_core import to_json
from starlette.responses import Response

from tertulia.gateway.admission import Refuse
from tertulia.protocol.problems import PROBLEM_TYPE


def response_of(refuse: Refuse) -> Response:
    """An ASGI application that answers with `refuse`; for HTTP, and for sockets that are not accepted yet."""
    return Response(to_json(refuse.body), refuse.status, dict(refuse.headers), PROBLEM_TYPE)


def bytes_of(refuse: Refuse) -> bytes:
    """The whole response, the last one on its line."""
    response = response_of(refuse)
    head = [f"HTTP/1.1 {refuse.status} {HTTPStatus(refuse.status).phrase}\r\n".encode()]
    head += [name + b": " + value + b"\r\n" for name, value in response.raw_headers]
    return b"".join([*head, b"connection: close\r\n\r\n", bytes(response.body)])
