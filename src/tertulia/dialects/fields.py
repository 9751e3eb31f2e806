"""Fields of a request's body, checked and refused in the words of Django REST framework."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from tertulia.dialects.errors import Refused
from tertulia.domain.errors import Rejection
from tertulia.domain.text import check_text
from tertulia.domain.usernames import check_email

TRUE = frozenset({"true", "t", "yes", "y", "on", "1"})
FALSE = frozenset({"false", "f", "no", "n", "off", "0"})
REQUIRED = "This field is required."
NULL = "This field may not be null."
BLANK = "This field may not be blank."
USERNAME = "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters."


class Fault(Exception):  # noqa: N818
    """What is wrong with the value of one field."""

    def __init__(self, *texts: str) -> None:
        super().__init__(*texts)
        self.texts = texts


class Field(Protocol):
    """`required`: it must be there. `nullable`: it may be null, and is None then."""

    @property
    def required(self) -> bool: ...
    @property
    def nullable(self) -> bool: ...
    def clean(self, value: Any) -> Any:
        """The value as the handler takes it; raises `Fault`."""

    def schema(self) -> dict[str, Any]:
        """For the OpenAPI document."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string. A number is taken as its decimal text. `most`: characters after trimming."""

    required: bool = True
    nullable: bool = False
    blank: bool = False
    most: int | None = None
    trim: bool = True
    check: Callable[[str], object] | None = field(default=None, compare=False)
    """Raises `Fault` or `Rejection`."""

    def clean(self, value: Any) -> str:
        text = str(value) if _is_number(value) else value
        if not isinstance(text, str):
            raise Fault("Not a valid string.")
        _storable(text)
        text = text.strip() if self.trim else text
        if not text and not self.blank:
            raise Fault(BLANK)
        if self.most is not None and len(text) > self.most:
            raise Fault(f"Ensure this field has no more than {self.most} characters.")
        if self.check is not None and text:
            try:
                self.check(text)
            except Rejection as rejection:
                raise Fault(rejection.message) from None
        return text

    def schema(self) -> dict[str, Any]:
        return {
            "type": "string",
            **({} if self.blank else {"minLength": 1}),
            **({} if self.most is None else {"maxLength": self.most}),
        }


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _storable(text: str) -> None:
    if "\x00" in text:
        raise Fault("Null characters are not allowed.")
    try:
        check_text(text)
    except Rejection:
        raise Fault("Surrogate characters are not allowed.") from None


@dataclass(frozen=True, slots=True)
class Email:
    """An address, in any case. Blank: "" where that is allowed."""

    required: bool = True
    nullable: bool = False
    blank: bool = False
    most: int = 254

    def clean(self, value: Any) -> str:
        text = Text(blank=self.blank, most=self.most).clean(value)
        if text:
            try:
                check_email(text)
            except Rejection:
                raise Fault("Enter a valid email address.") from None
        return text

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "email", "maxLength": self.most}


@dataclass(frozen=True, slots=True)
class Boolean:
    required: bool = True
    nullable: bool = False

    def clean(self, value: Any) -> bool:
        known = {
            "true": True,
            "1": True,
            "on": True,
            "yes": True,
            "false": False,
            "0": False,
            "off": False,
            "no": False,
        }
        if isinstance(value, bool):
            return value
        if isinstance(value, str | int) and str(value).lower() in known:
            return known[str(value).lower()]
        raise Fault("Must be a valid boolean.")

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Integer:
    required: bool = True
    nullable: bool = False

    def clean(self, value: Any) -> int:
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if isinstance(text, str) and len(text) <= 20 and text.strip().removeprefix("-").isdecimal() and text.isascii():
            return int(text)
        raise Fault("A valid integer is required.")

    def schema(self) -> dict[str, Any]:
        return {"type": "integer"}


@dataclass(frozen=True, slots=True)
class Uuid:
    """A UUID in any of its spellings; its canonical text."""

    required: bool = True
    nullable: bool = False

    def clean(self, value: Any) -> str:
        try:
            return str(UUID(value)) if isinstance(value, str) else _no_uuid()
        except ValueError:
            return _no_uuid()

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "uuid"}


def _no_uuid() -> str:
    raise Fault("Must be a valid UUID.")


@dataclass(frozen=True, slots=True)
class Anything:
    """Whatever it is, the handler looks at it; but for text that cannot be stored. `kind`: JSON schema, for the
    document.
    """

    required: bool = False
    nullable: bool = True
    kind: Mapping[str, Any] = field(default_factory=dict)

    def clean(self, value: Any) -> Any:
        if isinstance(value, str):
            _storable(value)
        return value

    def schema(self) -> dict[str, Any]:
        return dict(self.kind)


@dataclass(frozen=True, slots=True)
class Texts:
    """A list of at most `most` strings, each as `item` has it. In a form it is the field, as often as it is there."""

    item: Text
    most: int
    required: bool = False
    nullable: bool = True

    def clean(self, value: Any) -> list[str]:
        if not isinstance(value, list):
            raise Fault(f'Expected a list of items but got type "{type(value).__name__}".')
        if len(value) > self.most:
            raise Fault(f"Ensure this field has no more than {self.most} elements.")
        return [_clean(self.item, each) for each in value]

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": self.item.schema(), "maxItems": self.most}


class Form:
    """The fields of a body; what it has beside them is ignored."""

    def __init__(self, **fields: Field) -> None:
        self.fields: Mapping[str, Field] = fields

    def clean(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Those that were given; raises `Refused` with all that is wrong."""
        cleaned: dict[str, Any] = {}
        faults: dict[str, list[str]] = {}
        for name, wanted in self.fields.items():
            try:
                if name in data:
                    given = data[name]
                    if isinstance(wanted, Texts) and isinstance(given, str):
                        given = data.get(f"{name}[]", [given])
                    cleaned[name] = _clean(wanted, given)
                elif wanted.required:
                    raise Fault(REQUIRED)
            except Fault as fault:
                faults[name] = list(fault.texts)
        if faults:
            raise Refused(400, faults)
        return cleaned

    def schema(self) -> dict[str, Any]:
        """For the OpenAPI document."""
        required = [name for name, wanted in self.fields.items() if wanted.required]
        return {
            "type": "object",
            "properties": {name: wanted.schema() for name, wanted in self.fields.items()},
            **({"required": required} if required else {}),
        }


def _clean(wanted: Field, value: Any) -> Any:
    if value is None:
        if not wanted.nullable:
            raise Fault(NULL)
        return None
    return wanted.clean(value)
