"""Compares what a running node answers with docs/openapi.json, more strictly than a client may: a field that the description
does not have is an error here, so that none is forgotten.

usage: documents.py openapi.json http://HOST:PORT TOKEN
"""

import json
import sys
import urllib.parse
import urllib.request

import jsonschema_rs


def closed(schema):
    """The same schema, whose objects have no other fields than those that it names."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    out = {name: closed(value) for name, value in schema.items()}
    if isinstance(schema.get("properties"), dict):
        out["additionalProperties"] = False
    return out


class Node:
    def __init__(self, description, address, token):
        self.description = closed(description)
        self.address, self.token = address, token
        self.checked = set()

    def ask(self, target, method="GET", body=None):
        """The document at `target`, which is checked against the description."""
        request = urllib.request.Request(self.address + target, method=method)
        request.add_header("Authorization", f"Bearer {self.token}")
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        with urllib.request.urlopen(request, timeout=20) as answer:
            document, status = json.load(answer), str(answer.status)
        path = self.path(urllib.parse.urlsplit(target).path)
        operation = self.description["paths"][path][method.lower()]
        self.checked.add(operation["operationId"])
        schema = operation["responses"][status]["content"]["application/json"]["schema"]
        root = {"components": self.description["components"], **schema}
        for error in jsonschema_rs.Draft202012Validator(root).iter_errors(document):
            sys.exit(f"{method} {target}: {error.message} at {list(error.instance_path)}")
        return document

    def path(self, path):
        """The description's name of a path."""
        for name in self.description["paths"]:
            parts, mine = name.split("/"), path.split("/")
            if len(parts) == len(mine) and all(a == b or a.startswith("{") for a, b in zip(parts, mine)):
                return name
        sys.exit(f"{path} is not described")


def check_pages(node, target, trade):
    """A list that is walked backwards, one trade at a time, is the list."""
    whole = [trade(document) for document in node.ask(target)]
    assert len(whole) > 1, f"{target} has {len(whole)} trades, too few to go from page to page"
    walked = [trade(document) for document in node.ask(f"{target}&limit=1")]
    while len(walked) <= len(whole) and (page := node.ask(f"{target}&limit=1&before={walked[0]}")):
        walked = [trade(document) for document in page] + walked
    assert walked == whole, f"{target} has {whole}, its pages {walked}"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        node = Node(json.load(file), sys.argv[2], sys.argv[3])
    network = node.ask("/v1/network")
    for path in ("status", "peers", "records", "book", "proofs", "key"):
        node.ask(f"/v1/{path}")
    for gpu_class in network["gpu_classes"]:
        name = urllib.parse.quote(gpu_class["id"])
        node.ask(f"/v1/book?gpu_class={name}&limit=100")
        node.ask(f"/v1/depth?gpu_class={name}")
    for scope in ("mine", "all"):
        for trade in node.ask(f"/v1/trades?scope={scope}"):
            node.ask(f"/v1/records/{trade['buyer']}")
        assert node.ask(f"/v1/receipts?scope={scope}"), "no receipt to look at"
        for path, trade in (("trades", lambda trade: trade["id"]), ("receipts", lambda one: one["decoded"]["trade"])):
            check_pages(node, f"/v1/{path}?scope={scope}", trade)
    orders = node.ask("/v1/orders?scope=mine")
    assert {order["side"] for order in node.ask("/v1/orders?scope=all")} == {"offer", "bid"}, "a side has no order"
    for order in orders:
        node.ask(f"/v1/orders/{order['id']}")
        if order["state"] == "open":
            node.ask(f"/v1/orders/{order['id']}/why")
    quote = {"gpu_classes": ["any"], "gpus": 1, "duration_ms": 600_000, "within_ms": 3_600_000}
    assert node.ask("/v1/quote", "POST", quote)["cheapest"]["pieces"], "a quote without a piece"
    order = {"side": "bid", "gpu_classes": ["any"], "gpus": 4, "price_micros": 10, "duration_ms": 600_000,
             "requirements": {"regions": ["EU"], "minimum_vram_mib": 1}}
    placed = node.ask("/v1/orders", "POST", order)["id"]
    node.ask(f"/v1/orders/{placed}", "PATCH", {"gpus": 2})
    node.ask(f"/v1/orders/{placed}", "DELETE")
    print(json.dumps(sorted(node.checked)))


main()
