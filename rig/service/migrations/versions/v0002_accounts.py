"""Resellers, domains, users, numbers, fax accounts, interfaces, the audit log; whose a job is."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

JOB_COLUMNS = ("owner_id", "sent_by", "account_id", "interface_id", "resent_from")


def upgrade() -> None:
    _people()
    _faxes()
    for word in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER audit_no_{word} BEFORE {word} ON audit "
            "BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END"
        )
    _bench()
    op.add_column("jobs", sa.Column("domain_id", sa.Integer, nullable=False, server_default="1"))
    for name in JOB_COLUMNS:
        op.add_column("jobs", sa.Column(name, sa.Integer))
    op.add_column("jobs", sa.Column("deleted_at", sa.BigInteger))
    op.add_column("jobs", sa.Column("idempotency_key", sa.String(255)))
    op.add_column("jobs", sa.Column("idempotency_digest", sa.String(64)))
    op.create_index("jobs_owner", "jobs", ["owner_id"])
    op.create_index("jobs_idempotency", "jobs", ["idempotency_key"], unique=True)


def _bench() -> None:
    """The domain of all that was there before."""
    op.execute("INSERT INTO resellers (id, name) VALUES (1, 'bench')")
    op.execute(
        "INSERT INTO domains (id, reseller_id, name, open, numbering, hipaa, keep_days, keep_deleted_days, created_at) "
        "VALUES (1, 1, 'bench', 1, 'plain', 0, 365, 14, 0)"
    )


def _people() -> None:
    op.create_table(
        "resellers",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(64), nullable=False, unique=True),
    )
    op.create_table(
        "domains",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("reseller_id", sa.Integer, sa.ForeignKey("resellers.id"), nullable=False),
        sa.Column("name", sa.String(64), nullable=False, unique=True),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.Column("numbering", sa.String(16), nullable=False),
        sa.Column("max_fax_numbers", sa.Integer),
        sa.Column("uc_licences", sa.Integer),
        sa.Column("fax_licences", sa.Integer),
        sa.Column("port_licences", sa.Integer),
        sa.Column("hipaa", sa.Boolean, nullable=False),
        sa.Column("keep_days", sa.Integer, nullable=False),
        sa.Column("keep_deleted_days", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("domain_id", sa.Integer, sa.ForeignKey("domains.id")),
        sa.Column("reseller_id", sa.Integer, sa.ForeignKey("resellers.id"), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("login", sa.String(130), nullable=False, unique=True),
        sa.Column("mail", sa.String(254), nullable=False),
        sa.Column("licence", sa.String(8), nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("password", sa.String(255), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
    )
    op.create_index("users_domain", "users", ["domain_id"])
    op.create_table(
        "group_members",
        sa.Column("group_id", sa.Integer, sa.ForeignKey("users.id"), primary_key=True),
        sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id"), primary_key=True),
    )
    op.create_table(
        "tokens",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("used_at", sa.BigInteger),
        sa.Column("expires_at", sa.BigInteger),
    )


def _faxes() -> None:
    op.create_table(
        "numbers",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("domain_id", sa.Integer, sa.ForeignKey("domains.id"), nullable=False),
        sa.Column("digits", sa.String(32), nullable=False, unique=True),
        sa.Column("treatment", sa.String(16), nullable=False),
        sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id")),
    )
    op.create_index("numbers_domain", "numbers", ["domain_id"])
    op.create_table(
        "fax_accounts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("domain_id", sa.Integer, sa.ForeignKey("domains.id"), nullable=False),
        sa.Column("number_id", sa.Integer, sa.ForeignKey("numbers.id"), nullable=False, unique=True),
        sa.Column("owner_id", sa.Integer, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("methods", sa.String(32), nullable=False),
        sa.Column("handling", sa.String(32), nullable=False),
        sa.Column("device_type", sa.String(64), nullable=False),
        sa.Column("serial", sa.String(64), unique=True),
        sa.Column("hipaa", sa.Boolean, nullable=False),
        sa.Column("manager_may_open", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("fax_accounts_domain", "fax_accounts", ["domain_id"])
    op.create_table(
        "interfaces",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(64), nullable=False, unique=True),
        sa.Column("address", sa.String(128), nullable=False, unique=True),
        sa.Column("domain_id", sa.Integer, sa.ForeignKey("domains.id")),
        sa.Column("channels", sa.Integer, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("seen_at", sa.BigInteger),
        sa.Column("away_since", sa.BigInteger),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("domain_id", sa.Integer),
        sa.Column("user_id", sa.Integer),
        sa.Column("who", sa.String(130), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("job_id", sa.Integer),
        sa.Column("account_id", sa.Integer),
        sa.Column("text", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("audit_domain", "audit", ["domain_id"])


def downgrade() -> None:
    op.drop_index("jobs_idempotency", "jobs")
    op.drop_index("jobs_owner", "jobs")
    for name in ("domain_id", *JOB_COLUMNS, "deleted_at", "idempotency_key", "idempotency_digest"):
        op.drop_column("jobs", name)
    for table in ("audit", "interfaces", "fax_accounts", "numbers", "tokens", "group_members", "users"):
        op.drop_table(table)
    op.drop_table("domains")
    op.drop_table("resellers")
