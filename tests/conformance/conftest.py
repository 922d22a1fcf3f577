"""Failures of the shipped suite read like those of our own tests."""

import pytest

pytest.register_assert_rewrite("backoffice_ledger.testing.conformance")
