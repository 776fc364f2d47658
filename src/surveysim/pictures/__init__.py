"""Pictures of numbers, as matplotlib Axes in one style; they get plain arrays and compute nothing."""
