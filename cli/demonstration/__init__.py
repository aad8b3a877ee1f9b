"""The demonstration audit: an invented country with hospitals, consultants and cases, of which the truth is known."""
