"""Closing a year: the result carried forward, opening balances, roll-forward proof."""
