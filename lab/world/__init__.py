"""What starts and holds the rehearsal world: its configuration, processes, seed and faults."""
