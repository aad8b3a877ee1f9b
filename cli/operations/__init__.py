"""`candour secrets` and `candour databases`: what an installation needs before its services start."""
