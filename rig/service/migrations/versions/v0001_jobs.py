"""The first schema: jobs, their pages, their history."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("direction", sa.Integer, nullable=False),
        sa.Column("progress", sa.Integer, nullable=False),
        sa.Column("result", sa.Integer),
        sa.Column("number", sa.String(64), nullable=False),
        sa.Column("caller", sa.String(64), nullable=False),
        sa.Column("remote_id", sa.String(64), nullable=False),
        sa.Column("document_name", sa.String(255), nullable=False),
        sa.Column("resolution", sa.String(16), nullable=False),
        sa.Column("pages", sa.Integer, nullable=False),
        sa.Column("pages_confirmed", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("attempt_open", sa.Boolean, nullable=False),
        sa.Column("attempt_first", sa.Integer, nullable=False),
        sa.Column("cancelled", sa.Boolean, nullable=False),
        sa.Column("cause", sa.String(64), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("heard_at", sa.BigInteger),
        sa.Column("due", sa.BigInteger),
        sa.Column("owner", sa.String(128), nullable=False),
        sa.Column("lease", sa.BigInteger),
        sa.Column("heartbeat", sa.BigInteger),
        sa.Column("fence", sa.Integer, nullable=False),
        sa.Column("trace_id", sa.String(64), nullable=False),
        sa.Column("original_blob", sa.String(128)),
        sa.Column("pages_blob", sa.String(128)),
        sa.Column("fax_key", sa.String(255)),
        sa.Column("taken_at", sa.BigInteger),
        sqlite_autoincrement=True,
    )
    op.create_index("jobs_due", "jobs", ["due"])
    op.create_index("ix_jobs_fax_key", "jobs", ["fax_key"])
    op.create_table(
        "job_pages",
        sa.Column("job_id", sa.Integer, sa.ForeignKey("jobs.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("width_px", sa.Integer, nullable=False),
        sa.Column("height_px", sa.Integer, nullable=False),
        sa.Column("resolution", sa.String(16), nullable=False),
        sa.Column("bad_rows", sa.Integer, nullable=False),
        sa.Column("confirmed_at", sa.BigInteger),
        sa.Column("attempt", sa.Integer),
    )
    op.create_table(
        "job_log",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("job_id", sa.Integer, sa.ForeignKey("jobs.id"), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("line", sa.Text, nullable=False),
        sa.Column("progress", sa.Integer, nullable=False),
        sa.Column("result", sa.Integer),
        sa.Column("cause", sa.String(64), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("pages", sa.Integer, nullable=False),
        sa.Column("pages_confirmed", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
    )
    op.create_index("job_log_job", "job_log", ["job_id"])


def downgrade() -> None:
    op.drop_table("job_log")
    op.drop_table("job_pages")
    op.drop_table("jobs")
