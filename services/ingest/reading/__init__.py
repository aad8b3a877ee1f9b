"""From the bytes of a file to a frame of canonical rows, and a list of the lines set aside, in bounded memory."""
