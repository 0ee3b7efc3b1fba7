"""The lab's Agones: controllers, admission webhooks and the allocation API, compatible with Agones 1.59 and 1.60."""
