"""The law of naming people: frozen facts in, a verdict out. No clock, no session, no path."""
