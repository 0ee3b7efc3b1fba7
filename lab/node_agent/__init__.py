"""Fargate in the lab: pods that match a Fargate profile run as local processes with a loopback address each."""
