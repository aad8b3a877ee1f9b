"""Pure statistics: numbers in, frozen results out; no file, clock, environment, log or session."""

METHOD_VERSION = "2026.2"
