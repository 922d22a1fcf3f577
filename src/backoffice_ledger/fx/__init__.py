"""Foreign currency: dated rates, revaluation, realised differences, translation."""
