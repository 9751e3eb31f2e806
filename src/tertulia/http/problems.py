"""Everything that goes wrong on REST, as a problem: one shape, a stable `code`, never the input, never a trace."""

from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from tertulia.domain.errors import Rejection
from tertulia.http.exchange import find_exchange
from tertulia.protocol.codec import encode, rejection_of
from tertulia.protocol.problems import PROBLEM_TYPE, problem_headers, problem_of

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

_NOT_FOUND = "There is nothing at this address. See /api/docs for what there is."
_NO_OBJECT = frozenset(("missing", "model_attributes_type", "model_type", "dict_type"))
_STATUSES: dict[int, tuple[str, str]] = {
    401: ("unauthorized", "Sign in, and send the access token as `Authorization: Bearer <token>`."),
    403: ("forbidden", "You may not do this."),
    404: ("not_found", _NOT_FOUND),
    405: ("method_not_allowed", "This address has other methods; the `Allow` header names them."),
    413: ("too_large", "The body is too large."),
    415: ("unsupported_media_type", "Send JSON, with `Content-Type: application/json`."),
    429: ("rate_limited", "Too many requests. Wait a little."),
    503: ("unavailable", "This was not done. Try again shortly."),
}


def problem_response(rejection: Rejection, scope: Scope) -> Response:
    """The answer for `rejection`; notes its code for the access line and the metrics."""
    exchange = find_exchange(scope)
    if exchange is not None:
        exchange.code = rejection.code
    content = encode(problem_of(rejection))
    return Response(content, rejection.status, problem_headers(rejection), PROBLEM_TYPE)


def internal_error() -> Rejection:
    """What the client sees of a bug."""
    return Rejection("internal", "Something went wrong here, and it is logged. X-Request-Id names this request.")


def add_problems(api: FastAPI) -> None:
    """Answer everything that can be raised under `api` with a problem."""
    api.add_exception_handler(Rejection, _on_rejection)
    api.add_exception_handler(RequestValidationError, _on_invalid)
    api.add_exception_handler(HTTPException, _on_http)
    api.add_exception_handler(Exception, _on_bug)


async def _on_rejection(request: Request, error: Exception) -> Response:
    assert isinstance(error, Rejection)
    return problem_response(error, request.scope)


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return problem_response(_invalid(error), request.scope)


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        return _other_methods(request)
    rejection = _unread_body(error.__cause__) if error.status_code == 400 else _of_status(error.status_code)
    return problem_response(rejection, request.scope)


async def _on_bug(request: Request, _error: Exception) -> Response:
    return problem_response(internal_error(), request.scope)  # it goes on upwards, and is logged there


def _invalid(error: RequestValidationError) -> Rejection:
    errors: list[Any] = list(error.errors())
    first = errors[0]
    if first["loc"][0] == "body" and first["type"] != "json_invalid":
        if isinstance(error.body, bytes):  # FastAPI leaves bytes alone that do not claim to be JSON
            return Rejection(*_STATUSES[415])
        if len(first["loc"]) == 1 and first["type"] in _NO_OBJECT:
            return Rejection("invalid", "Send a JSON object as the body.")
    return rejection_of(errors, skip=1)


def _unread_body(cause: BaseException | None) -> Rejection:
    """Why FastAPI could not read a body: it hides the reason behind a plain 400."""
    match cause:
        case Rejection():
            return cause
        case RecursionError():
            return Rejection("invalid_json", "The JSON is nested too deeply.")
        case UnicodeDecodeError():
            return Rejection("invalid_json", "JSON must be UTF-8.")
        case ValueError():
            return Rejection("invalid", "A number in the JSON has too many digits.")
        case _:
            return Rejection("invalid", "The request could not be read.")


def _of_status(status: int) -> Rejection:
    if status in _STATUSES:
        return Rejection(*_STATUSES[status])
    return Rejection("invalid", "The request is not valid.") if status < 500 else internal_error()


def _other_methods(request: Request) -> Response:
    """405, or the answer to OPTIONS. Starlette names the methods of the first route only."""
    allowed = [method for method in METHODS if _takes(request, method)]
    if "GET" in allowed:
        allowed.insert(1, "HEAD")
    headers = {"Allow": ", ".join([*allowed, "OPTIONS"])}
    if request.method == "OPTIONS":
        return Response(status_code=204, headers=headers)
    answer = problem_response(_of_status(405), request.scope)
    answer.headers.update(headers)
    return answer


def _takes(request: Request, method: str) -> bool:
    scope = {**request.scope, "method": method}
    return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)
