"""Speed, as ratios in one run; see `run`."""
