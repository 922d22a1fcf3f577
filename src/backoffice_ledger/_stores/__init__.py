"""The stores: memory, SQLite."""
