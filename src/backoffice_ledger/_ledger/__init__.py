"""The service object and its read side."""
