"""The lab's Application Load Balancers: an HTTP proxy that obeys the listeners and targets of the AWS endpoint."""
