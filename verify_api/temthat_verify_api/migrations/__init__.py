"""The one Alembic history of all tables, for SQLite and PostgreSQL alike. Run by `temthat_verify_api.migrate`."""
