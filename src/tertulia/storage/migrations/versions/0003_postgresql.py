"""postgresql: what differs there. The same order of names, an append-only audit log, room for the hot rows."""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None
oldest = '0002'

SORTED = {'users': {'username': 150, 'first_name': 150, 'last_name': 150}, 'words': {'word': 64}}


def upgrade() -> None:
    if op.get_bind().dialect.name != 'postgresql':
        return
    for table, columns in SORTED.items():
        for column, length in columns.items():
            op.alter_column(table, column, type_=sa.String(length, collation='C'))
    op.execute(
        'ALTER TABLE rooms SET (fillfactor = 50, autovacuum_vacuum_threshold = 1000, '
        'autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.5)'
    )
    op.execute(
        'CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS '
        "$$BEGIN RAISE EXCEPTION 'the audit log is append-only'; END$$"
    )
    op.execute(
        'CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit '
        'EXECUTE FUNCTION audit_is_append_only()'
    )
