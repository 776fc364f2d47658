"""What people do after weighting: tests, models, comparisons and tables of one's own file. `Survey` has a method for each."""
