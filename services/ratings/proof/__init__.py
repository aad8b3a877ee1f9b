"""The proof: what publishers printed, computed again by our own methods and counted row by row (methods, section 3)."""
