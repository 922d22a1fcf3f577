"""The documentation of the procedure, made from the book itself."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.compliance.reports._approvals import split_version
from backoffice_ledger.compliance.retention import RetentionRule
from backoffice_ledger.errors import InvalidOption

_HASHES: Final = """\
Each record has one canonical form: JSON after RFC 8785, format {format}. Its leaf is
SHA-256 over a zero byte and that form; the root over all leaves is the Merkle tree hash
of RFC 6962. Free texts and personal fields enter only as commitments, SHA-256 over a
random salt and the text, so that they can be erased while every hash stays valid.
Records are never changed or deleted: a correction is a reversal and a new entry."""


@attrs.define
class _Book:
    """What the log says about how the book is kept."""

    content: Mapping[str, Any] = attrs.field(factory=dict)
    begun: str = ""
    size: int = 0
    last: str = ""
    journals: Counter[str] = attrs.field(factory=Counter)
    accounts: dict[str, list[Mapping[str, Any]]] = attrs.field(factory=dict)
    commodities: dict[str, int] = attrs.field(factory=dict)
    dimensions: list[str] = attrs.field(factory=list)
    periods: dict[tuple[str, str], Mapping[str, Any]] = attrs.field(factory=dict)
    rules: dict[tuple[str, str, str], tuple[int, int]] = attrs.field(factory=dict)
    documents: dict[str, Counter[str]] = attrs.field(factory=dict)
    actors: dict[str, Counter[str]] = attrs.field(factory=dict)
    changes: list[Sequence[object]] = attrs.field(factory=list)

    def take(self, record: bl.Record) -> None:
        """Take in the next record."""
        self.size = record.position
        self.last = record.recorded_at.date().isoformat()
        self.actors.setdefault(record.actor, Counter())[record.type] += 1
        content = record.content
        match record.type:
            case "book":
                self.content, self.begun = content, self.last
            case "journal":
                self.journals[content["name"]] += 0
            case "commodity":
                self.commodities[content["code"]] = content["scale"]
            case "dimension":
                self.dimensions.append(content["name"])
            case "account":
                self.accounts.setdefault(content["path"], []).append(content)
                if len(self.accounts[content["path"]]) > 1:
                    self._change(record, f"account {content['path']} changed")
            case "period":
                name, journal = content["name"], content["journal"] or ""
                self.periods[journal, name] = content
                of = f" of journal {journal}" if journal else ""
                self._change(record, f"period {name}{of}: {content['state']}")
            case "control":
                self._use("control", f"{content['id']}@{content['version']}", record)
                self._change(record, f"control {content['id']} required")
            case "document":
                counts = self.documents.setdefault(content["kind"], Counter())
                counts["documents" if content["version"] == 1 else "versions"] += 1
            case "entry":
                self.journals[record.entry.journal] += 1
                for name in record.controls:
                    self._use("control", name, record)
                if record.entry.rule is not None:
                    self._use("posting rule", record.entry.rule, record)

    def _change(self, record: bl.Record, text: str) -> None:
        day = record.recorded_at.date().isoformat()
        self.changes.append([record.position, day, record.actor, text])

    def _use(self, kind: str, name: str, record: bl.Record) -> None:
        key = (kind, *split_version(name))
        first, _ = self.rules.get(key, (record.position, 0))
        self.rules[key] = first, record.position


def procedure_documentation(
    records: Iterable[bl.Record],
    *,
    retention: Iterable[RetentionRule] = (),
    known_at: int | None = None,
) -> str:
    """Return the documentation of the procedure (Verfahrensdokumentation) as Markdown.

    What the book says of itself: accounts, journals, commodities and dimensions,
    periods, the controls and posting rules with the versions that ran, kinds of
    documents, who did what, formats and hashes, and what changed when.  What people do
    outside the program is not in the book; write that beside it.

    As the log keeps everything, *known_at* gives the documentation as it was.

    Args:
        records: of the book, ``ledger.records()``.
        retention: rules in force, to be listed, such as `retention.GERMAN_RULES`.
        known_at: last position that counts; None for all.

    Raises:
        InvalidOption: no records.
    """
    book = _Book()
    for record in records:
        if known_at is not None and record.position > known_at:
            break
        book.take(record)
    if not book.size:
        raise InvalidOption(field="records", expected="those of a book", found="none")
    parts = [
        f"# Procedures of the book {book.content.get('name', '')}",
        f"As of record {book.size} of {book.last}; the book was begun on {book.begun}.",
        *_structure(book),
        *_controls(book),
        "## Records, hashes and erasure",
        _HASHES.format(format=book.content.get("format", "")),
        *_section(
            "Retention",
            ("Class", "Entity", "From", "Keep", "Destroy after", "Starts", "Source"),
            [
                (
                    rule.record_class,
                    rule.entity or "all others",
                    rule.effective,
                    f"{rule.keep_years} years",
                    f"{rule.destroy_years} years" if rule.destroy_years else "",
                    rule.starts,
                    rule.source,
                )
                for rule in retention
            ],
        ),
        *_section("Changes", ("Position", "Day", "Actor", "What"), book.changes),
    ]
    return "\n\n".join(parts) + "\n"


def _structure(book: _Book) -> list[str]:
    return [
        *_section(
            "Accounts",
            ("Account", "Type", "Commodities", "Closed", "Versions"),
            [
                (
                    path,
                    versions[-1]["type"],
                    ", ".join(versions[-1].get("commodities") or ()) or "all",
                    versions[-1].get("closed") or "",
                    len(versions),
                )
                for path, versions in sorted(book.accounts.items())
            ],
        ),
        *_section("Journals", ("Journal", "Entries"), sorted(book.journals.items())),
        *_section(
            "Commodities", ("Commodity", "Decimals"), sorted(book.commodities.items())
        ),
        *_section("Dimensions", ("Dimension",), [(name,) for name in book.dimensions]),
        *_section(
            "Periods",
            ("Period", "Journal", "State"),
            [
                (name, journal or "all", content["state"])
                for (journal, name), content in sorted(book.periods.items())
            ],
        ),
    ]


def _controls(book: _Book) -> list[str]:
    return [
        *_section(
            "Controls and posting rules",
            ("Rule", "Id", "Version", "First at", "Last at"),
            [(*key, *span) for key, span in sorted(book.rules.items())],
        ),
        *_section(
            "Documents",
            ("Kind", "Documents", "Later versions"),
            [
                (kind, counts["documents"], counts["versions"])
                for kind, counts in sorted(book.documents.items())
            ],
        ),
        *_section(
            "Actors",
            ("Actor", "Did"),
            [
                (actor, ", ".join(f"{n} {what}" for what, n in sorted(done.items())))
                for actor, done in sorted(book.actors.items())
            ],
        ),
    ]


def _section(
    title: str, head: Sequence[str], rows: Sequence[Sequence[object]]
) -> list[str]:
    """Return a heading and a table of Markdown; nothing without rows."""
    if not rows:
        return []
    lines = [_line(head), _line(["---"] * len(head)), *map(_line, rows)]
    return [f"## {title}", "\n".join(lines)]


def _line(cells: Iterable[object]) -> str:
    texts = (str(cell).replace("\\", "\\\\").replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(texts)} |"
