"""How accounts lie in the database. The audit log only grows: the database itself refuses anything else."""

import sqlalchemy as sa

from rig.service.accounts.model import BENCH
from rig.service.tables import METADATA

RESELLERS = sa.Table(
    "resellers",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(64), nullable=False, unique=True),
)

DOMAINS = sa.Table(
    "domains",
    METADATA,
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

USERS = sa.Table(
    "users",
    METADATA,
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
    sa.Index("users_domain", "domain_id"),
)

MEMBERS = sa.Table(
    "group_members",
    METADATA,
    sa.Column("group_id", sa.Integer, sa.ForeignKey("users.id"), primary_key=True),
    sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id"), primary_key=True),
)

TOKENS = sa.Table(
    "tokens",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id"), nullable=False),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False, unique=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("used_at", sa.BigInteger),
    sa.Column("expires_at", sa.BigInteger),
)

NUMBERS = sa.Table(
    "numbers",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("domain_id", sa.Integer, sa.ForeignKey("domains.id"), nullable=False),
    sa.Column("digits", sa.String(32), nullable=False, unique=True),
    sa.Column("treatment", sa.String(16), nullable=False),
    sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id")),
    sa.Index("numbers_domain", "domain_id"),
)

ACCOUNTS = sa.Table(
    "fax_accounts",
    METADATA,
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
    sa.Index("fax_accounts_domain", "domain_id"),
    sqlite_autoincrement=True,
)

INTERFACES = sa.Table(
    "interfaces",
    METADATA,
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

AUDIT = sa.Table(
    "audit",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("domain_id", sa.Integer),
    sa.Column("user_id", sa.Integer),
    sa.Column("who", sa.String(130), nullable=False),
    sa.Column("action", sa.String(64), nullable=False),
    sa.Column("job_id", sa.Integer),
    sa.Column("account_id", sa.Integer),
    sa.Column("text", sa.Text, nullable=False),
    sa.Index("audit_domain", "domain_id"),
    sqlite_autoincrement=True,
)

APPEND_ONLY = tuple(
    f"CREATE TRIGGER audit_no_{word} BEFORE {word} ON audit BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END"
    for word in ("update", "delete")
)


def bench_rows() -> tuple[tuple[sa.Table, dict[str, object]], ...]:
    """The domain that is always there: open, without limits, numbers as its PBX understands them."""
    domain = {
        "id": BENCH,
        "reseller_id": BENCH,
        "name": "bench",
        "open": True,
        "numbering": "plain",
        "max_fax_numbers": None,
        "uc_licences": None,
        "fax_licences": None,
        "port_licences": None,
        "hipaa": False,
        "keep_days": 365,
        "keep_deleted_days": 14,
        "created_at": 0,
    }
    return (RESELLERS, {"id": BENCH, "name": "bench"}), (DOMAINS, domain)


def prepare(connection: sa.Connection) -> None:
    """What a schema has beside its tables."""
    for trigger in APPEND_ONLY:
        connection.exec_driver_sql(trigger)
    for table, row in bench_rows():
        connection.execute(sa.insert(table).values(**row))
