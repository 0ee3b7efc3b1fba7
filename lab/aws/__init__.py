"""The lab's AWS endpoint: moto's server with our own EKS, and with ELBv2 and STS put right where moto is too kind."""
