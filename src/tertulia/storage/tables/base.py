"""What all tables share."""

from sqlalchemy import BigInteger, Integer, MetaData, String, text
from sqlalchemy.dialects import postgresql

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Number = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows only in INTEGER columns
Id = String(36).with_variant(postgresql.UUID(as_uuid=False), "postgresql")
Time = BigInteger
FALSE, TRUE, ZERO, EMPTY = text("false"), text("true"), text("0"), text("''")
