"""The planning of a présérie's installations: what its éditeur communicates, as a file out and in."""
