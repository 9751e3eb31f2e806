"""What all tables share."""

from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, MetaData, String, TypeDecorator, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

from tertulia.domain.ids import canonical_id

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Number = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows only in INTEGER columns


class Id(TypeDecorator[str]):
    """A UUID as text. On PostgreSQL what is none is null: it names nothing, instead of being an error."""

    impl = String(36)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        here = postgresql.UUID(as_uuid=False) if dialect.name == "postgresql" else String(36)
        return dialect.type_descriptor(here)

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or dialect.name != "postgresql":
            return value
        return canonical_id(value)


Time = BigInteger
FALSE, TRUE, ZERO, EMPTY = text("false"), text("true"), text("0"), text("''")


def Sorted(length: int) -> String:  # noqa: N802 - a type, like its neighbours
    """Text by which rows are put in order: in that of its characters, whatever language a database speaks."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")
