"""Failures of the shipped state machine read like those of our own tests."""

import pytest

pytest.register_assert_rewrite("backoffice_ledger.testing.machine")
