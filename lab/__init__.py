"""The rehearsal lab: a world on one machine in which you can try an upgrade with live players."""
