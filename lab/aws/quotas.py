"""Service Quotas put right: moto knows those of VPC only, and no defaults one by one."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from moto.servicequotas import urls as moto_urls
from moto.servicequotas.models import ServiceQuotasBackend, servicequotas_backends
from moto.servicequotas.responses import ServiceQuotasResponse

# (service, code) -> (name, value): a small studio's account, which had its instances raised.
QUOTAS = {
    ("ec2", "L-1216C47A"): ("Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", 1152.0),
    ("ec2", "L-34B43A08"): ("All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests", 640.0),
    ("ec2", "L-DB2E81BA"): ("Running On-Demand G and VT instances", 0.0),
    ("fargate", "L-3032A538"): ("Fargate On-Demand vCPU resource count", 140.0),
    ("eks", "L-1194D53C"): ("Clusters", 100.0),
    ("eks", "L-6D54EA21"): ("Managed node groups per cluster", 30.0),
    ("eks", "L-BD136A63"): ("Nodes per managed node group", 450.0),
    ("eks", "L-33415657"): ("Fargate profiles per cluster", 10.0),
}


class SimServiceQuotas(ServiceQuotasBackend):  # type: ignore[misc]
    @classmethod
    def install(cls) -> None:
        """Before moto makes the first backend."""
        servicequotas_backends.backend = cls

    @property
    def _url_module(self) -> Any:
        paths = dict.fromkeys(moto_urls.url_paths, QuotasResponse.dispatch)
        return SimpleNamespace(url_bases=moto_urls.url_bases, url_paths=paths)

    def get_service_quota(self, service_code: str, quota_code: str) -> dict[str, Any]:
        if (service_code, quota_code) not in QUOTAS:
            found: dict[str, Any] = super().get_service_quota(service_code, quota_code)
            return found
        name, value = QUOTAS[service_code, quota_code]
        return {
            "ServiceCode": service_code,
            "QuotaArn": f"arn:aws:servicequotas:{self.region_name}:{self.account_id}:{service_code}/{quota_code}",
            "QuotaCode": quota_code,
            "QuotaName": name,
            "Value": value,
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
        }


class QuotasResponse(ServiceQuotasResponse):  # type: ignore[misc]
    def get_aws_default_service_quota(self) -> str:
        """The lab's table has no defaults that differ."""
        params = json.loads(self.body)
        return json.dumps({"Quota": self.backend.get_service_quota(params["ServiceCode"], params["QuotaCode"])})
