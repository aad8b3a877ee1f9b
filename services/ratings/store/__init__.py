"""Every query of ratings, and the frames and views it keeps as files."""
