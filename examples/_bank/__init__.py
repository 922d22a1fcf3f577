"""The pure parts of ``bank_year.py``: read, map, reconcile, draw."""
