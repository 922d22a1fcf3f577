"""The values: commodities, amounts, accounts, entries, records.

Frozen to the bottom, exact, and without any knowledge of stores or clocks.
"""
