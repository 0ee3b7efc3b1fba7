"""EKS for the lab: CreateCluster boots a real Kubernetes API, node groups and access entries act on it."""
