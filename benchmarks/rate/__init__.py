"""From ten million episodes to observed over expected of every consultant, beside what else could do it."""
