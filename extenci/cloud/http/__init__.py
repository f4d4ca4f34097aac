"""HTTP answers, bounded in bytes, lines, time and rate while they are read."""
