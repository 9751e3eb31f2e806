"""avatars. Profile pictures that people upload."""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None
oldest = '0005'
"""With an account that an older server deletes, its picture stays."""

NUMBER = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table(
        'avatars',
        sa.Column('user', NUMBER, autoincrement=False, nullable=False),
        sa.Column('token', sa.String(64), nullable=False),
        sa.Column('content_type', sa.String(32), nullable=False),
        sa.Column('created_at', sa.BigInteger(), nullable=False),
        sa.Column('small', sa.LargeBinary(), nullable=False),
        sa.Column('large', sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(['user'], ['users.number'], name=op.f('fk_avatars_user')),
        sa.PrimaryKeyConstraint('user', name=op.f('pk_avatars')),
        sa.UniqueConstraint('token', name=op.f('uq_avatars_token')),
    )
