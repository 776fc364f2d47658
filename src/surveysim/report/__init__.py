"""Draws plain tables: figures as matplotlib Axes, one self-contained HTML file. Computes nothing."""
