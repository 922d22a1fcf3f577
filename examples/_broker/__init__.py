"""The parts of the example `broker_day.py`."""
