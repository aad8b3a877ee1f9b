"""Other people's published figures, reproduced from their files by the code that rates providers here."""
