"""own names. Private rooms that have a name of their own, or that are joined by their id; public rooms by number."""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None
oldest = '0003'
"""An older server does not look for the names that are new here: the index refuses them to it, as `internal`."""


def upgrade() -> None:
    op.add_column('rooms', sa.Column('exclusive', sa.Boolean(), server_default=sa.text('false'), nullable=False))
    op.add_column('rooms', sa.Column('join_by_id', sa.Boolean(), server_default=sa.text('false'), nullable=False))
    op.create_index(
        'uq_rooms_own_name',
        'rooms',
        ['name'],
        unique=True,
        sqlite_where=sa.text("kind = 'public' OR exclusive = 1"),
        postgresql_where=sa.text("kind = 'public' OR exclusive"),
    )
    op.create_index(
        'ix_rooms_public',
        'rooms',
        ['number'],
        sqlite_where=sa.text("kind = 'public'"),
        postgresql_where=sa.text("kind = 'public'"),
    )
