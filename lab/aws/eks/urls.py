"""Every path of the EKS API: which operation it is, botocore's model says."""

from __future__ import annotations

from lab.aws.eks.responses import EksResponse

url_bases = [r"https?://eks\.(.+)\.amazonaws.com"]
url_paths = {"{0}/(?P<path>.+)$": EksResponse.dispatch}
