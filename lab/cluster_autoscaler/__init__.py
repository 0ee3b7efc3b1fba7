"""Placeholder for the Cluster Autoscaler: it is there, it is Ready, it scales nothing."""
