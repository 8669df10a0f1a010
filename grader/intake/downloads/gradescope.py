"""Gradescope's export: `submission_123/` for each submission, and a submission_metadata.yml that says whose it is."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from grader.intake.downloads.layout import Aside, Find, Layout
from grader.model.errors import UsageError

_METADATA = "submission_metadata.yml"


def recognise(folder: Path, items: Sequence[Path]) -> bool:
    """Return whether the export's own list is there."""
    return any(path.name == _METADATA for path in items)


def find(folder: Path, items: Sequence[Path]) -> list[Find | Aside]:
    """Return each submitter's folder; the members of a group share one. Raises UsageError for a damaged list."""
    metadata = _read_metadata(folder / _METADATA)
    found: list[Find | Aside] = []
    for path in items:
        if path.name == _METADATA:
            found.append(Aside(path, "Gradescope's own list"))
        if path.name == _METADATA or path.name not in metadata:
            continue
        record = metadata[path.name]
        created = record.get(":created_at")
        if isinstance(created, datetime):  # YAML's own times come without a zone, in UTC
            created = (created if created.tzinfo else created.replace(tzinfo=UTC)).isoformat()
        for submitter in _list_mappings(record, ":submitters") or [{}]:
            keys = [str(submitter[key]) for key in (":sid", ":email") if submitter.get(key)]
            made = Find(
                path,
                keys=tuple(keys or [path.name]),
                name=str(submitter.get(":name") or ""),
                submitted_at=str(created) if created else None,
                attempt=len(_list_mappings(record, ":history")) + 1,
            )
            found.append(made)
    return found


def _list_mappings(record: dict[str, Any], key: str) -> list[dict[str, Any]]:
    items = record.get(key)
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _read_metadata(path: Path) -> dict[str, dict[str, Any]]:
    import yaml  # type: ignore[import-untyped]

    class Reader(yaml.SafeLoader):  # type: ignore[misc]
        """Reads values of Ruby's own types as the plain mappings that they are."""

    Reader.add_multi_constructor("!", lambda loader, _, node: loader.construct_mapping(node, deep=True))
    try:
        metadata = Reader(path.read_bytes()).get_single_data()
    except (yaml.YAMLError, ValueError) as error:  # a ValueError: what looks like a date, and is on no calendar
        raise UsageError(f"{path.name} cannot be read: {error}; export the submissions again") from error
    records = metadata if isinstance(metadata, dict) else {}
    return {str(name): record for name, record in records.items() if isinstance(record, dict)}


LAYOUT = Layout("gradescope", "Gradescope", recognise, find)
