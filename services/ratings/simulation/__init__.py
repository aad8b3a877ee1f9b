"""How the rules behave where the truth is known: false alarms, finds, coverage, run lengths, calibration."""
