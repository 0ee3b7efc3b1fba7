"""Kubernetes quantities ("100m", "64Mi", "1.5")."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

SUFFIXES = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    "k": Decimal(10) ** 3,
    "M": Decimal(10) ** 6,
    "G": Decimal(10) ** 9,
    "T": Decimal(10) ** 12,
    "P": Decimal(10) ** 15,
    "E": Decimal(10) ** 18,
    **{f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", start=1)},
}


def quantity(text: str | int | float) -> Decimal:
    """The number that a quantity stands for; 0 if it is none (the API server refuses it when it makes the pod)."""
    string = str(text)
    digits = string.rstrip("numkMGTPEKi")
    try:
        return Decimal(digits) * SUFFIXES[string[len(digits) :]]
    except (InvalidOperation, KeyError):
        return Decimal(0)
