"""`candour up`: the four services as processes on loopback, watched, restarted, and stopped together."""
