"""Retention periods as data, and the arithmetic on them."""

from collections.abc import Iterable
from datetime import date
from typing import Final, Literal, final, get_args

import attrs
from dateutil.relativedelta import relativedelta

from backoffice_ledger.checks import check_date
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.reports import Column, Row, Table

Starts = Literal["end-of-year", "event"]
"""A period begins with the end of the calendar year of the event, or with its day."""

YEARS_MAX: Final = 100


def check_name(value: object, field: str) -> str:
    """Return *value* if it is a name of a class, an entity, or a source.

    Raises:
        InvalidOption: it is empty, or no text.
    """
    if not isinstance(value, str) or not value or len(value) > 200:
        raise InvalidOption(field=field, expected="a text of 1 to 200", found=value)
    return value


@final
@attrs.frozen(kw_only=True)
class RetentionRule:
    """How long records of a class are kept, from a day on: one row of the table.

    A new row replaces the one before for all that is still kept when it takes effect.

    Args:
        record_class: what is kept, such as ``voucher``.
        entity: kind of entity that the row is for; None for all that have no row of
            their own.
        effective: first day on which it applies.
        keep_years: it must be kept so long.
        destroy_years: it must be destroyed after so long; None where no law says so.
        starts: ``end-of-year`` or ``event``.
        source: statute and paragraph; it is the basis that an erasure names.

    Raises:
        InvalidOption: years that are no int from 0, or destroyed before kept.
        InvalidDate: *effective* is no date.
    """

    record_class: str
    entity: str | None = None
    effective: date
    keep_years: int
    destroy_years: int | None = None
    starts: Starts = "end-of-year"
    source: str

    def __attrs_post_init__(self) -> None:
        check_name(self.record_class, "record_class")
        check_name(self.source, "source")
        if self.entity is not None:
            check_name(self.entity, "entity")
        check_date(self.effective, "effective")
        if self.starts not in get_args(Starts):
            raise InvalidOption(
                field="starts",
                expected=" or ".join(get_args(Starts)),
                found=self.starts,
            )
        for field, years, least in (
            ("keep_years", self.keep_years, 0),
            ("destroy_years", self.destroy_years, self.keep_years),
        ):
            if years is None and field == "destroy_years":
                continue
            if type(years) is not int or not least <= years <= YEARS_MAX:
                raise InvalidOption(
                    field=field, expected=f"an int from {least}", found=years
                )

    def after(self, start: date, years: int) -> date:
        """Return the last day of so many years after *start*."""
        if self.starts == "end-of-year":
            return date(start.year + years, 12, 31)
        return start + relativedelta(years=years)


@final
@attrs.frozen
class RetentionPeriod:
    """How long one record is kept.

    Attributes:
        keep_until: the last day on which it must be kept.
        destroy_by: the last day on which it may be there; None where no law says so.
        rule: the row that says so.
    """

    keep_until: date
    destroy_by: date | None
    rule: RetentionRule


_ALWAYS: Final = date(1977, 1, 1)
_BEG_IV: Final = date(2025, 1, 1)

GERMAN_RULES: Final = (
    RetentionRule(
        record_class="books",
        effective=_ALWAYS,
        keep_years=10,
        source="AO § 147(3), HGB § 257(4): books, annual accounts, procedures",
    ),
    RetentionRule(
        record_class="voucher",
        effective=_ALWAYS,
        keep_years=10,
        source="AO § 147(3), HGB § 257(4), until 2024",
    ),
    RetentionRule(
        record_class="voucher",
        effective=_BEG_IV,
        keep_years=8,
        source="AO § 147(3), HGB § 257(4), as amended by BEG IV",
    ),
    *(
        RetentionRule(
            record_class="voucher",
            entity=entity,
            effective=_BEG_IV,
            keep_years=10,
            source="AO § 147(3), HGB § 257(4): banks, insurers, investment firms",
        )
        for entity in ("bank", "insurer", "investment-firm")
    ),
    RetentionRule(
        record_class="letter",
        effective=_ALWAYS,
        keep_years=6,
        source="AO § 147(3), HGB § 257(4): letters",
    ),
    RetentionRule(
        record_class="banking",
        effective=_ALWAYS,
        keep_years=5,
        source="KWG § 25a(1) sentence 6 no. 2",
    ),
    RetentionRule(
        record_class="money-laundering",
        effective=_ALWAYS,
        keep_years=5,
        destroy_years=10,
        source="GwG § 8(4)",
    ),
    RetentionRule(
        record_class="communication",
        effective=_ALWAYS,
        keep_years=5,
        destroy_years=5,
        starts="event",
        source="WpHG § 83(8)",
    ),
)
"""German law as of 2026: statutes, the row for vouchers with its amendment.

``money-laundering`` starts when the business relationship ends; ``communication`` are
recorded calls and messages (the authority may order two more years: add a row).
"""


def check_rules(value: Iterable[RetentionRule]) -> tuple[RetentionRule, ...]:
    """Return the rows of a table.

    Raises:
        InvalidOption: they are something else.
    """
    rules = tuple(value)
    for rule in rules:
        if not isinstance(rule, RetentionRule):
            raise InvalidOption(
                field="rules", expected="RetentionRules", found=type(rule).__name__
            )
    return rules


def retention_period(
    record_class: str,
    start: date,
    *,
    entity: str,
    on: date,
    rules: Iterable[RetentionRule] = GERMAN_RULES,
) -> RetentionPeriod:
    """Return how long a record is kept, by the rows in force on a day.

    >>> found = retention_period("voucher", date(2026, 3, 15), entity="bank",
    ...                          on=date(2026, 3, 15))
    >>> print(found.keep_until)
    2036-12-31

    Args:
        record_class: what it is.
        start: day of the event: of its making, or of the end of a relationship.
        entity: kind of entity that keeps it.
        on: day of the question.
        rules: the table.

    Raises:
        InvalidOption: the table has no row for the class by that day.
        InvalidDate: *start* or *on* is no date.
    """
    check_date(start, "start")
    check_date(on, "on")
    found = [
        rule
        for rule in check_rules(rules)
        if rule.record_class == record_class
        and rule.entity in (None, entity)
        and rule.effective <= on
    ]
    if not found:
        raise InvalidOption(
            field="record_class",
            expected=f"a class that the rules have on {on}",
            found=record_class,
        )
    rule = max(found, key=lambda each: (each.entity is not None, each.effective))
    return RetentionPeriod(
        rule.after(start, rule.keep_years),
        None if rule.destroy_years is None else rule.after(start, rule.destroy_years),
        rule,
    )


_COLUMNS: Final = (
    Column("record_class", "Class"),
    Column("entity", "Entity"),
    Column("effective", "From", "date"),
    Column("keep_years", "Keep, years", "integer"),
    Column("destroy_years", "Destroy after, years", "integer"),
    Column("starts", "Starts"),
    Column("source", "Source"),
)


def rules_table(rules: Iterable[RetentionRule] = GERMAN_RULES) -> Table:
    """Return the rows of a retention table, to print and to export."""
    rows = [
        Row(
            [
                rule.record_class,
                rule.entity,
                rule.effective,
                rule.keep_years,
                rule.destroy_years,
                rule.starts,
                rule.source,
            ]
        )
        for rule in check_rules(rules)
    ]
    return Table("Retention periods", _COLUMNS, rows)
