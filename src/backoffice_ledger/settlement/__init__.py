"""Settlement and clearing: from the trade to the settled position."""
