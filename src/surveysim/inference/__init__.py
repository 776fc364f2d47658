"""From weights and a design to errors: questions, scores, linearization, replicates, intervals, `Estimates`."""
