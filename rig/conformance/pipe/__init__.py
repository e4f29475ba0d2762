"""A fax machine on a pipe: ours for anybody's tester, anybody's for ours. docs/conformance.md has the table."""
