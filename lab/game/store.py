"""Items with versions, which several programs change at once: a table of DynamoDB with the key `id`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import boto3
from botocore.exceptions import ClientError

from lab.game.allocation import AWS_CONFIG

Body = dict[str, Any]


@dataclass(frozen=True)
class Item:
    """An item as it was read; one that is new has version 0."""

    key: str
    version: int
    body: Body


class Store(Protocol):
    """The table; the calls block. They raise what boto3 raises."""

    def read(self, key: str) -> Item | None: ...

    def items(self) -> list[Item]: ...

    def write(self, item: Item) -> bool:
        """Put the body in the place of the item's version; False if that is not the newest."""

    def delete(self, item: Item) -> bool:
        """Take the item away; False if its version is not the newest."""


class DynamoStore:
    """A Store in DynamoDB."""

    def __init__(self, region: str, table: str) -> None:
        self._dynamodb = boto3.client("dynamodb", region_name=region, config=AWS_CONFIG)
        self._table = table

    def read(self, key: str) -> Item | None:
        found = self._dynamodb.get_item(TableName=self._table, Key={"id": {"S": key}}, ConsistentRead=True)
        return _item(found["Item"]) if "Item" in found else None

    def items(self) -> list[Item]:
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=self._table, ConsistentRead=True)
        return [_item(found) for page in pages for found in page["Items"]]

    def write(self, item: Item) -> bool:
        new = {
            "id": {"S": item.key},
            "revision": {"N": str(item.version + 1)},
            "body": {"S": json.dumps(item.body)},
        }
        return self._on_newest(self._dynamodb.put_item, item.version, Item=new)

    def delete(self, item: Item) -> bool:
        return self._on_newest(self._dynamodb.delete_item, item.version, Key={"id": {"S": item.key}})

    def _on_newest(self, call: Callable[..., Any], version: int, **what: Any) -> bool:
        is_newest = {
            "ConditionExpression": "revision = :newest",
            "ExpressionAttributeValues": {":newest": {"N": str(version)}},
        }
        is_new = {"ConditionExpression": "attribute_not_exists(id)"}
        try:
            call(TableName=self._table, **what, **(is_newest if version else is_new))
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True


def _item(found: dict[str, Any]) -> Item:
    return Item(found["id"]["S"], int(found["revision"]["N"]), json.loads(found["body"]["S"]))


def change(store: Store, key: str, step: Callable[[Body | None], Body | None]) -> bool:
    """Write what `step` makes of an item, again as long as others write in between; False if `step` returns None."""
    while True:
        known = store.read(key)
        body = step(known.body if known else None)
        if body is None:
            return False
        if store.write(Item(key, known.version if known else 0, body)):
            return True
