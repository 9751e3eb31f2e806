"""${message}."""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None
oldest = ${repr(up_revision)}
"""The oldest schema whose servers may run on this one: the one before, if they work on it and break no promise."""


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
