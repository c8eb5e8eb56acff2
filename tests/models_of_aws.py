"""What botocore and moto work out anew for every client and every answer, worked out once.

Nearly every test makes sessions and clients of its own, whose handlers and rules for addresses are always the same; and
moto looks for each of DynamoDB's ten types in every value that it answers. The site's tests took a quarter longer."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partialmethod
from typing import Any

import botocore.hooks
import botocore.regions
import botocore.session
import moto.core.responses
import moto.core.routing
import pytest
from botocore.compat import accepts_kwargs
from botocore.endpoint_provider import EndpointProvider
from botocore.hooks import EventAliaser
from botocore.loaders import create_loader
from moto.core.serialize import JSONSerializer
from moto.core.utils import get_service_model
from moto.dynamodb.models.dynamo_type import DynamoType


@contextmanager
def read_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", functools.cache(create_loader))
        patch.setattr(botocore.hooks, "accepts_kwargs", _by_code(accepts_kwargs))
        patch.setattr(EventAliaser, "_alias_event_name", _by_name(EventAliaser._alias_event_name))
        patch.setattr(botocore.regions, "EndpointProvider", _by_ruleset(EndpointProvider))
        for module in (moto.core.responses, moto.core.routing):
            patch.setattr(module, "get_service_model", functools.cache(get_service_model))
        serialize = JSONSerializer._serialize_type_structure
        patch.setattr(JSONSerializer, "_serialize_type_structure", partialmethod(_serialize, serialize))
        yield


def _by_code(accepts: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """What a handler takes is said by its code, of which sessions make hundreds of handlers each."""
    found: dict[Any, Any] = {}

    def accepts_once(function: Any) -> Any:
        code = getattr(function, "__code__", function)
        if code not in found:
            found[code] = accepts(function)
        return found[code]

    return accepts_once


def _by_name(alias: Callable[[EventAliaser, str], str]) -> Callable[[EventAliaser, str], str]:
    """Aliases are always those of botocore's own table."""
    found: dict[str, str] = {}

    def alias_once(self: EventAliaser, name: str) -> str:
        if name not in found:
            found[name] = alias(self, name)
        return found[name]

    return alias_once


def _by_ruleset(make: Callable[..., EndpointProvider]) -> Callable[..., EndpointProvider]:
    """A ruleset is a dictionary of the loader's, which is there to the end: its id is a name."""
    made: dict[int, EndpointProvider] = {}

    def make_once(ruleset_data: Any, partition_data: Any, excluded_params: Any = None) -> EndpointProvider:
        if id(ruleset_data) not in made:
            made[id(ruleset_data)] = make(ruleset_data, partition_data, excluded_params)
        return made[id(ruleset_data)]

    return make_once


def _serialize(
    serializer: JSONSerializer, serialize: Callable[..., None], serialized: Any, value: Any, shape: Any, key: str
) -> None:
    """The values of an item are answered as they are."""
    if shape.name == "AttributeValue" and key:
        serialized[key] = _plain(value)
    else:
        serialize(serializer, serialized, value, shape, key)


def _plain(value: Any) -> Any:
    if isinstance(value, DynamoType):
        return {value.type: _plain(value.value)}
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list) else value
