"""The rules of the book: pure functions from a state and a command to a decision."""
