"""Parallel accounting: one business kept by several sets of rules, and what differs.

Each set of rules (HGB, IFRS, tax) has a book of its own with a log of its own, all in
one store.  An event is posted to all of them in one database transaction; the books
name it, so that every difference can be traced to the events that made it.
"""

from backoffice_ledger.parallel._books import EVENT, ParallelBooks

__all__ = ["EVENT", "ParallelBooks"]
