"""What keeps the log as it is, whoever writes to the database past our code. By the name of its kind of database.

SQLite drops a table's triggers with the table, and Django makes a table anew to change it: a migration that changes
`Entry` makes them again. `manage.py flush` is refused as soon as the log has a row: who wants an empty site makes a new
database. Only the owner of the table can do away with the triggers on PostgreSQL; let the site use another role.
"""

from __future__ import annotations

from typing import Any

TABLE = "review_entry"
SAYS = "the log of reviews cannot be changed"

# `INSERT OR REPLACE` removes a row without asking the trigger of DELETE.
_REFUSED_BY_SQLITE = {"update": "BEFORE UPDATE", "delete": "BEFORE DELETE", "replace": "BEFORE INSERT"}
_ONLY = {"replace": f"WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id) "}  # noqa: S608  our own names

MAKE = {
    "sqlite": [
        f"CREATE TRIGGER {TABLE}_no_{name} {when} ON {TABLE} {_ONLY.get(name, '')}"
        f"BEGIN SELECT RAISE(ABORT, '{SAYS}'); END"
        for name, when in _REFUSED_BY_SQLITE.items()
    ],
    "postgresql": [
        f"CREATE FUNCTION {TABLE}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{SAYS}' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        f"CREATE TRIGGER {TABLE}_final BEFORE UPDATE OR DELETE ON {TABLE} "
        f"FOR EACH ROW EXECUTE FUNCTION {TABLE}_refuse()",
        # What is empty may be emptied, as on SQLite: `flush` truncates every table of a new database, too.
        f"CREATE FUNCTION {TABLE}_refuse_all() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF EXISTS (SELECT FROM {TABLE}) THEN "
        f"RAISE EXCEPTION '{SAYS}' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NULL; END $$",
        f"CREATE TRIGGER {TABLE}_whole BEFORE TRUNCATE ON {TABLE} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {TABLE}_refuse_all()",
    ],
}
REMOVE = {
    "sqlite": [f"DROP TRIGGER IF EXISTS {TABLE}_no_{name}" for name in _REFUSED_BY_SQLITE],
    "postgresql": [
        f"DROP TRIGGER IF EXISTS {TABLE}_final ON {TABLE}",
        f"DROP TRIGGER IF EXISTS {TABLE}_whole ON {TABLE}",
        f"DROP FUNCTION IF EXISTS {TABLE}_refuse()",
        f"DROP FUNCTION IF EXISTS {TABLE}_refuse_all()",
    ],
}


def make(_apps: Any, schema_editor: Any) -> None:
    _run(MAKE, schema_editor)


def remove(_apps: Any, schema_editor: Any) -> None:
    _run(REMOVE, schema_editor)


def _run(statements: dict[str, list[str]], schema_editor: Any) -> None:
    for statement in statements[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)
