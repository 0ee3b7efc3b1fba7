"""The rehearsal lab: a world on one machine in which an upgrade can be tried with live players."""
