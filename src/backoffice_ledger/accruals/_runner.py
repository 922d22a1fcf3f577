"""The desk: keeps schedules in a book and posts what has become due."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from typing import Final, Literal, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.accruals._changes import Change, Relocation
from backoffice_ledger.accruals._cut_off import (
    CUT_OFF,
    CutOff,
    collect,
    period_ends,
    schedule_postings,
)
from backoffice_ledger.accruals._documents import from_document, to_document
from backoffice_ledger.accruals._kinds import Framework, presentation
from backoffice_ledger.accruals._methods import MONTHS
from backoffice_ledger.accruals._rule import Booking, kind_of
from backoffice_ledger.accruals._schedule import (
    Line,
    Plan,
    Schedule,
    effective_day,
)
from backoffice_ledger.accruals._span import ONE_DAY
from backoffice_ledger.accruals._terms import KIND, Terms
from backoffice_ledger.checks import check_choice, check_date
from backoffice_ledger.errors import DocumentConflict, InvalidOption, UnknownRecord
from backoffice_ledger.reports import Column, Row, Table

_PLAN_COLUMNS: Final = (
    Column("period", "Period"),
    Column("date", "Date", "date"),
    Column("amount", "Amount", "amount"),
    Column("recognised", "Recognised", "amount"),
    Column("remaining", "Remaining", "amount"),
    Column("base", "Base", "amount", shown="filled"),
    Column("entry", "Entry", shown="export"),
)
_POSITION_COLUMNS: Final = (
    Column("schedule", "Schedule"),
    Column("kind", "Kind"),
    Column("side", "Side"),
    Column("line", "Line"),
    Column("account", "Account"),
    Column("amount", "Amount", "amount"),
)


OnClosed = Literal["reject", "first-open-day", "first-open-period-end"]
"""What becomes of an entry whose period is closed; its economic date is kept."""

_ADJUSTING: Final = bl.EntryKind.ADJUSTING

_Group = tuple[str, str, str, date]
"""Journal, reversal, period and day of a cut-off."""

_Placing = Callable[[Line, str], date]
"""Says on which day a line of a journal is booked."""


@final
@attrs.frozen
class Accruals:
    """The deferrals and accruals of a book.

    Args:
        ledger: the book; entries are posted by its actor and under its controls.
    """

    _ledger: bl.Ledger

    # --- schedules -------------------------------------------------------------------

    def schedule(
        self, terms: Terms, *, late: OnClosed = "first-open-period-end"
    ) -> bl.Document:
        """Keep a deferral or an accrual; keeping the same one again changes nothing.

        Nothing is posted yet, the payment itself least of all: see `run`.

        Args:
            terms: a `Deferral` or an `Accrual`.
            late: what becomes of parts whose periods are closed by now; they keep
                their economic dates.

        Raises:
            UnknownAccount: the book does not have an account.
            InvalidOption: the accounts do not fit together.
            DocumentConflict: the id is taken by another schedule.
            PeriodNotOpen: a part is late, and *late* is ``reject``.
        """
        if not isinstance(terms, Terms) or not terms.kinds:
            raise InvalidOption(
                field="terms",
                expected="a Deferral or an Accrual",
                found=type(terms).__name__,
            )
        check_choice(late, OnClosed, "late")
        kind_of(terms, self._ledger.accounts.all())
        known = self._find(terms.id)
        if known is None:
            schedule = self._relocated(Schedule(self._named(terms)), None, late)
            return self._ledger.documents.store(to_document(schedule))
        first = from_document(known)
        if terms.calendar is None:  # that of the book may have changed since
            terms = attrs.evolve(terms, calendar=first.terms.calendar)
        # The description may have been erased since.
        if attrs.evolve(terms, description=first.terms.description) != first.terms:
            raise DocumentConflict(
                f"the schedule {terms.id!r} has other terms",
                field="id",
                expected="another id, or `amend`",
                found=terms.id,
            )
        return known

    def _named(self, terms: Terms) -> Terms:
        """Return terms whose periods are those of the book, if they name no others."""
        calendar = self._ledger.periods.calendar
        if terms.calendar is not None or calendar == MONTHS:
            return terms
        return attrs.evolve(terms, calendar=calendar)

    def amend(
        self, id: str, change: Change, *, late: OnClosed = "first-open-period-end"
    ) -> bl.Document:
        """Keep a change as the next version; keeping it again changes nothing.

        Nothing is posted yet: see `run`.  ``plan(id, change=...)`` shows what follows.

        Args:
            id: of the schedule.
            change: an `Amendment`, `Cancellation`, `CreditNote`, `Settlement` or
                `Usage`.
            late: as for `schedule`.

        Raises:
            UnknownRecord: there is no schedule of this id.
            UnknownAccount: the book does not have an account of the change.
            InvalidOption: the change does not fit the schedule, or it would change
                what is posted already.
            DocumentConflict: the change's id is taken by another change, or somebody
                else was quicker.
            PeriodNotOpen: it is late, and *late* is ``reject``.
        """
        check_choice(late, OnClosed, "late")
        document = self._ledger.documents.get(KIND, id)
        schedule = from_document(document)
        repeated = _find_change(schedule, change)
        if repeated is not None:
            return self._ledger.documents.get(KIND, id, version=repeated)
        changed = self._changed(schedule, change)
        return self._ledger.documents.store(
            to_document(self._relocated(changed, schedule, late))
        )

    def _changed(self, schedule: Schedule, change: Change) -> Schedule:
        """Return the schedule with a change that fits it."""
        if not isinstance(change, Change):
            raise InvalidOption(
                field="change",
                expected="an Amendment, Cancellation, CreditNote, Settlement or Usage",
                found=type(change).__name__,
            )
        chart = self._ledger.accounts.all()
        for account in ("account", "tax_account"):
            path = getattr(change, account, None)
            if path is not None:
                chart[path]
        changed = schedule.changed(change)
        effective = effective_day(change, changed.terms)
        before = schedule.plan()
        after = {line.name: line for line in changed.plan().lines}
        for line in before.lines:
            if after.get(line.name) != line and self._is_posted(schedule, line):
                raise InvalidOption(
                    field="effective",
                    expected=f"a day after {line.last}: {line.name} is posted",
                    found=effective,
                )
        if before.terms.style == "cut-off":
            self._check_cut_offs(schedule.terms.id, effective)
        return changed

    def _check_cut_offs(self, id: str, effective: date) -> None:
        for cut_off in self._cut_offs():
            if id in cut_off.schedules and cut_off.date >= effective:
                raise InvalidOption(
                    field="effective",
                    expected=f"a day after {cut_off.date}: the cut-off is posted",
                    found=effective,
                )

    def _is_posted(self, schedule: Schedule, line: Line) -> bool:
        if not line.moves:
            return False
        try:
            self._ledger.record(schedule.entry_id(line))
        except UnknownRecord:
            return False
        return True

    def _relocated(
        self, schedule: Schedule, before: Schedule | None, late: OnClosed
    ) -> Schedule:
        """Move the new lines of a schedule that come too late for their periods."""
        known = set() if before is None else {x.name for x in before.plan().lines}
        fresh = [line for line in schedule.plan().lines if line.name not in known]
        return _move(schedule, fresh, self._placing(late), schedule.version)

    def _placing(self, late: OnClosed) -> _Placing:
        """Return what says on which day a line is booked."""
        states = self._ledger.periods.states()

        def place(line: Line, journal: str) -> date:
            return states.day_for(line.date, late=late, journal=journal, kind=line.kind)

        return place

    def get(self, id: str) -> Terms:
        """Return a deferral or an accrual of the book, as it was first agreed.

        Raises:
            UnknownRecord: there is none of this id.
        """
        return self._schedule(id).terms

    def changes(self, id: str) -> tuple[Change, ...]:
        """Return what has happened to a schedule, in order.

        Raises:
            UnknownRecord: there is none of this id.
        """
        return tuple(
            each.change
            for each in self._schedule(id).changes
            if not isinstance(each.change, Relocation)
        )

    def all(self) -> tuple[Terms, ...]:
        """Return all deferrals and accruals of the book, by id."""
        return tuple(schedule.terms for schedule in self._schedules())

    def _find(self, id: str) -> bl.Document | None:
        try:
            return self._ledger.documents.get(KIND, id)
        except UnknownRecord:
            return None

    def _schedule(self, id: str) -> Schedule:
        return from_document(self._ledger.documents.get(KIND, id))

    def _schedules(self) -> Iterator[Schedule]:
        return map(from_document, self._ledger.documents.all(KIND))

    # --- looking ---------------------------------------------------------------------

    def plan(self, schedule: str | Terms, *, change: Change | None = None) -> Table:
        """Return what each period gets, whether posted already or not.

        Nothing is written: it shows what would follow from terms that are not kept
        yet, or from a change.

        Args:
            schedule: the id of a schedule, or terms.
            change: what may be changed.

        Raises:
            UnknownRecord: there is no schedule of this id.
            InvalidOption: the change does not fit.
        """
        if isinstance(schedule, Terms):
            kind_of(schedule, self._ledger.accounts.all())
            planned = self._relocated(Schedule(self._named(schedule)), None, _LATE)
        else:
            planned = self._schedule(schedule)
        if change is not None and _find_change(planned, change) is None:
            changed = self._changed(planned, change)
            planned = self._relocated(changed, planned, _LATE)
        return _plan_table(planned)

    def recognised(self, id: str, through: date) -> bl.Amount:
        """Return what a schedule recognises on or before a day, by its latest version.

        Raises:
            UnknownRecord: there is no schedule of this id.
            InvalidDate: *through* is no date.
        """
        plan = self._schedule(id).plan()
        return _amount(plan, plan.recognised(check_date(through, "through"))[0])

    def position(self, id: str, on: date) -> bl.Amount:
        """Return what a schedule has on the balance sheet at the end of a day.

        Of a deferral, what is not recognised yet; of an accrual, what is not settled.

        Raises:
            UnknownRecord: there is no schedule of this id.
            InvalidDate: *on* is no date.
        """
        plan = self._schedule(id).plan()
        return _amount(plan, plan.position(check_date(on, "on"))[0])

    def positions(self, on: date, *, framework: Framework) -> Table:
        """Return all positions at the end of a day with kind, side and line.

        A position that has turned, such as more recognised than was paid, lies on the
        other side.  Schedules that are not booked yet are left out.

        Raises:
            InvalidOption: a schedule of a kind for which the framework has no line
                names none itself.
            InvalidDate: *on* is no date.
        """
        check_date(on, "on")
        check_choice(framework, Framework, "framework")
        chart = self._ledger.accounts.all()
        rows = []
        for schedule in self._schedules():
            plan = schedule.plan()
            terms = plan.terms
            units = plan.position(on)[0]
            if not units or (terms.booked or terms.span.first) > on:
                continue
            kind = kind_of(terms, chart)
            row = Row(
                [
                    terms.id,
                    kind.value,
                    (kind.side if units > 0 else kind.side.opposite).value,
                    presentation(kind, framework, dict(terms.lines)),
                    terms.from_account,
                    abs(_amount(plan, units)),
                ]
            )
            rows.append(row)
        title = f"Deferred and accrued items, {framework.upper()}"
        return Table(title, _POSITION_COLUMNS, rows, subtitle=f"on {on}")

    # --- posting ---------------------------------------------------------------------

    def due(self, *, through: date, since: date | None = None) -> Iterator[bl.Entry]:
        """Yield the entries of all parts due on or before a day, posted or not.

        They are what `run` posts, apart from cut-offs; where controls want approvals,
        propose them.

        Args:
            through: the last day.
            since: what is dated before this day is left out; None for nothing.

        Raises:
            InvalidDate: *through* or *since* is no date.
            InvalidDocument: a schedule that this release cannot run.
            DocumentConflict: a schedule was changed meanwhile.
        """
        check_date(through, "through")
        first = date.min if since is None else check_date(since, "since")
        return self._due(first, through, [])

    def _due(
        self, first: date, through: date, cut_offs: list[Plan]
    ) -> Iterator[bl.Entry]:
        """Yield what is due; put the plans of style ``cut-off`` into *cut_offs*."""
        chart = self._ledger.accounts.all()
        documents = self._ledger.documents.all(KIND)
        for document in documents:
            schedule = from_document(document)
            plan = schedule.plan()
            for line in plan.dropped:
                if self._is_posted(schedule, line):
                    raise DocumentConflict(
                        f"{line.name} of the schedule {document.id!r} was posted while "
                        "the schedule was changed; reverse it first",
                        field="schedule",
                        found=document.id,
                    )
            if plan.terms.style == "cut-off":
                cut_offs.append(plan)
            booking = Booking(plan.terms, kind_of(plan.terms, chart))
            for line in plan.lines:
                is_due = first <= line.date <= through
                if is_due and line.is_booked(plan.terms.style):
                    yield booking.entry(line)
        if self._ledger.documents.all(KIND) != documents:
            raise DocumentConflict(
                "schedules were changed while they were run; run again",
                field="schedules",
            )

    def run(
        self,
        *,
        through: date,
        since: date | None = None,
        on_closed: OnClosed = "reject",
    ) -> bl.PostSummary:
        """Post every part that is due on or before a day, all of them or none.

        A part is dated the last day of its period, the last one the last day of the
        span.  Running again posts nothing twice; a run that was left out is made up
        for by the next.  Cut-offs follow, one for each period end, each with its
        reversal; a run that breaks off there is completed by the next.

        Args:
            through: the last day.
            since: what is dated before this day is taken as posted and not looked at:
                quicker, where many schedules have run for years.
            on_closed: what becomes of a part that was not posted before its period was
                closed; it keeps its economic date.  Cut-offs of closed periods are
                left out: the next one has the whole position.

        Raises:
            PeriodNotOpen: a part not posted yet belongs to a period that is closed.
            ApprovalRequired: a control wants approvals; propose what `due` yields.
            DocumentConflict: a schedule was changed under the run.
            Refused: the book does not take an entry for another reason.
            InvalidDate: *through* or *since* is no date.
        """
        check_date(through, "through")
        first = date.min if since is None else check_date(since, "since")
        check_choice(on_closed, OnClosed, "on_closed")
        if on_closed != "reject":
            self._relocate(through, on_closed)
        plans: list[Plan] = []
        entries = self._due(first, through, plans)
        summary = self._ledger.post_many(entries, atomic=True)
        return self._run_cut_offs(plans, through, on_closed, summary)

    def _relocate(self, through: date, on_closed: OnClosed) -> None:
        """Keep, as versions, where lines go whose periods were closed before."""
        periods, place = self._ledger.periods.states(), self._placing(on_closed)
        for schedule in self._schedules():
            terms = schedule.terms
            missed = [
                line
                for line in schedule.plan().lines
                if line.date <= through
                and line.is_booked(terms.style)
                and not periods.accepts(
                    line.date, journal=terms.journal, kind=line.kind
                )
                and not self._is_posted(schedule, line)
            ]
            version = schedule.version + 1
            moved = _move(schedule, missed, place, version)
            if moved is not schedule:
                self._ledger.documents.store(to_document(moved))

    # --- cut-offs --------------------------------------------------------------------

    def _cut_offs(self) -> list[CutOff]:
        return list(map(CutOff.from_document, self._ledger.documents.all(CUT_OFF)))

    def _run_cut_offs(
        self,
        plans: list[Plan],
        through: date,
        on_closed: OnClosed,
        summary: bl.PostSummary,
    ) -> bl.PostSummary:
        made: list[bl.Record] = []
        known = self._cut_offs()
        fresh = list(self._new_cut_offs(plans, through, on_closed, known))
        new_ids = {cut_off.id for cut_off in fresh}
        for cut_off in sorted(known + fresh, key=lambda each: (each.date, each.id)):
            if cut_off.id in new_ids:
                self._ledger.documents.store(cut_off.to_document())
            made += self._post_cut_off(cut_off)
        positions = [summary.first_position, *(record.position for record in made)]
        placed = [position for position in positions if position]
        return attrs.evolve(
            summary,
            posted=summary.posted + len(made),
            repeated=summary.repeated + 2 * (len(known) + len(fresh)) - len(made),
            first_position=min(placed, default=None),
            last_position=max([*placed, summary.last_position or 0]) or None,
        )

    def _new_cut_offs(
        self,
        plans: list[Plan],
        through: date,
        on_closed: OnClosed,
        known: list[CutOff],
    ) -> Iterator[CutOff]:
        """Yield the cut-offs for what no cut-off covers yet."""
        periods = self._ledger.periods.states()
        chart = self._ledger.accounts.all()
        covered = {(each.date, id_) for each in known for id_ in each.schedules}
        groups: dict[_Group, list[tuple[str, list[bl.Posting]]]] = defaultdict(list)
        for plan in plans:
            terms = plan.terms
            for day in period_ends(plan, through):
                is_open = periods.accepts(day, journal=terms.journal, kind=_ADJUSTING)
                if (day, terms.id) in covered or not (is_open or on_closed == "reject"):
                    continue
                found = schedule_postings(plan, chart, day)
                if found and not is_open:
                    periods.day_for(
                        day, late=on_closed, journal=terms.journal, kind=_ADJUSTING
                    )
                if found:
                    period = terms.periods.period_of(day)
                    group = terms.journal, terms.reversal, period, day
                    groups[group].append((terms.id, found))
        count = Counter((each.journal, each.reversal, each.period) for each in known)
        for (journal, reversal, period, day), items in groups.items():
            scope = journal, reversal, period
            for cut_off in collect(*scope, count[scope] + 1, day, items):
                count[scope] += 1
                yield cut_off

    def _post_cut_off(self, cut_off: CutOff) -> list[bl.Record]:
        """Post a cut-off and its reversal; return what was missing of the two."""
        ledger = self._ledger
        made = []
        try:
            record = ledger.record(cut_off.entry_id)
        except UnknownRecord:
            record = ledger.post(cut_off.entry())
            made.append(record)
        if record.reversed_by is not None:
            return made
        next_day = cut_off.date + ONE_DAY
        period = ledger.periods.states().first_open(
            next_day, journal=cut_off.journal, kind=_ADJUSTING
        )
        back = ledger.reverse(
            cut_off.entry_id,
            date=max(next_day, period.first),
            reason=f"cut-off of {cut_off.period}",
            style="opposite" if cut_off.reversal == "opposite" else "same-side",
        )
        return [*made, back]


_LATE: Final[OnClosed] = "first-open-period-end"


def _move(
    schedule: Schedule,
    lines: list[Line],
    place: _Placing,
    version: int,
) -> Schedule:
    """Return the schedule with those of its *lines* moved whose periods are closed."""
    journal = schedule.terms.journal
    keys = defaultdict(list)
    for line in lines:
        day = place(line, journal) if line.moves else line.date
        if day != line.date:
            keys[day].append(line.name)
    for day, names in keys.items():
        relocation = Relocation(keys=tuple(names), date=day)
        schedule = schedule.relocated(relocation, version)
    return schedule


def _find_change(schedule: Schedule, change: Change) -> int | None:
    """Return the version that a change made, if it was made before.

    Raises:
        DocumentConflict: another change has its id.
    """
    for versioned in schedule.changes:
        known = versioned.change
        if isinstance(known, Relocation) or known.id != getattr(change, "id", None):
            continue
        # The reason may have been erased since.
        if type(known) is not type(change) or (
            attrs.evolve(change, reason=known.reason) != known
        ):
            raise DocumentConflict(
                f"the schedule has another change {known.id!r}",
                field="change.id",
                expected="another id",
                found=known.id,
            )
        return versioned.version
    return None


def _amount(plan: Plan, units: int) -> bl.Amount:
    return bl.Amount.from_minor(units, plan.terms.total.commodity)


def _plan_table(schedule: Schedule) -> Table:
    plan = schedule.plan()
    terms = plan.terms
    rows = []
    recognised = 0
    for line in sorted(plan.lines, key=lambda line: line.date):
        recognised += line.amount[0]
        remaining = plan.total(line.date)[0] - recognised
        row = Row(
            [
                line.period,
                line.date,
                _amount(plan, line.amount[0]),
                _amount(plan, recognised),
                _amount(plan, remaining),
                None
                if terms.base is None
                else bl.Amount.from_minor(line.amount[1], terms.base.commodity),
                schedule.entry_id(line),
            ]
        )
        rows.append(row)
    return Table(
        f"{type(terms).__name__} {terms.id}",
        _PLAN_COLUMNS,
        rows,
        subtitle=f"{terms.from_account} to {terms.to_account}, "
        f"{terms.span}, {terms.method}",
    )
