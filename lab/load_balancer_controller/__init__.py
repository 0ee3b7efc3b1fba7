"""Stand-in for the AWS Load Balancer Controller: TargetGroupBindings become registered targets, nothing more."""
