"""What every store must do: a suite for those who write one.

Say how to make a store, and pytest does the rest::

    class TestMyStore(StoreConformance):
        def make_store(self, folder):
            return MyStore(folder / "books.my")

Each test does the same to a book in your store and to one in a `MemoryStore`, which is
the reference: whatever the two return, refuse, record or compute must be equal.  At the
end of each test both books are compared as wholes and verified.

For readable failures let pytest rewrite the assertions, in ``conftest.py``::

    pytest.register_assert_rewrite("backoffice_ledger.testing.conformance")
"""

from backoffice_ledger.testing.conformance._actions import (
    ActionTests,
    DecisionTests,
    RevisionTests,
)
from backoffice_ledger.testing.conformance._atomic import AtomicTests
from backoffice_ledger.testing.conformance._books import BookTests
from backoffice_ledger.testing.conformance._bulk import BulkTests
from backoffice_ledger.testing.conformance._chart import ChartTests
from backoffice_ledger.testing.conformance._documents import DocumentTests
from backoffice_ledger.testing.conformance._entries import EntryTests
from backoffice_ledger.testing.conformance._exceptions import (
    ClassTests,
    ExceptionTests,
)
from backoffice_ledger.testing.conformance._expiry import ExpiryTests
from backoffice_ledger.testing.conformance._fiscal import FiscalTests
from backoffice_ledger.testing.conformance._histories import HistoryTests
from backoffice_ledger.testing.conformance._holds import HoldTests
from backoffice_ledger.testing.conformance._limits import ConditionTests, LimitTests
from backoffice_ledger.testing.conformance._periods import PeriodTests
from backoffice_ledger.testing.conformance._proposals import ProposalTests
from backoffice_ledger.testing.conformance._redaction import RedactionTests
from backoffice_ledger.testing.conformance._refusals import RefusalTests
from backoffice_ledger.testing.conformance._reversals import ReversalTests
from backoffice_ledger.testing.conformance._twins import StoreCase, Twins, open_twins
from backoffice_ledger.testing.conformance._views import ViewTests

__all__ = ["StoreCase", "StoreConformance", "Twins", "open_twins"]


class StoreConformance(
    EntryTests,
    ReversalTests,
    BulkTests,
    ChartTests,
    PeriodTests,
    FiscalTests,
    ClassTests,
    ExceptionTests,
    DocumentTests,
    ProposalTests,
    ActionTests,
    RevisionTests,
    DecisionTests,
    RedactionTests,
    ViewTests,
    HistoryTests,
    BookTests,
    AtomicTests,
    HoldTests,
    ExpiryTests,
    LimitTests,
    ConditionTests,
    RefusalTests,
):
    """Everything that a store must do; override `make_store`."""
