"""The page about the API and its OpenAPI description say the same, and all of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast

import pytest

from review_ui.api.application import MOUNT, describe_api, list_operations, make_api
from review_ui.api.problems import ANYWHERE, CODES
from review_ui.site import Site

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text("utf-8")


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    return describe_api(make_api(cast("Site", None), 1))


def operations(description: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {MOUNT}{path}": operation
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    }


def test_the_page_lists_every_operation_with_its_permission_and_summary(
    description: dict[str, Any],
) -> None:
    rows = re.findall(r"^\| `([A-Z]+ /api[^`]*)` \| (.*?) \| (.*?) \|$", PAGE, re.MULTILINE)
    said = {
        (name, f"`{each['x-permission']}`" if each["x-permission"] else "any", each["summary"])
        for name, each in operations(description).items()
    }
    assert set(rows) == said
    assert len(rows) == len(list(list_operations()))


def test_the_page_lists_every_problem() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (\d+) \| (.*) \|$", PAGE, re.MULTILINE)
    assert {(code, int(status), title) for code, status, title in rows} == {
        (code, status, title) for code, (status, title) in CODES.items()
    }


def test_the_description_is_openapi_3_1_and_names_no_other_server(
    description: dict[str, Any],
) -> None:
    assert description["openapi"].startswith("3.1")
    assert [server["url"] for server in description["servers"]] == [MOUNT]


def test_every_operation_is_described_with_its_errors_and_examples(
    description: dict[str, Any],
) -> None:
    for name, operation in operations(description).items():
        assert operation["summary"], name
        assert operation["security"] == [{"token": []}], name
        statuses = operation["responses"]
        assert {str(status) for status in ANYWHERE} <= statuses.keys(), name
        for status, answer in statuses.items():
            assert answer["description"], (name, status)
            if status >= "400":
                problem = answer["content"]["application/problem+json"]
                assert problem["example"]["status"] == int(status), name
        for parameter in operation.get("parameters", []):
            assert parameter.get("description"), (name, parameter["name"])


def test_every_reference_leads_somewhere_and_ids_are_unique(description: dict[str, Any]) -> None:
    found = re.findall(r"'\$ref': '#/components/schemas/(\w+)'", str(description))
    assert set(found) <= description["components"]["schemas"].keys()
    ids = [each["operationId"] for each in operations(description).values()]
    assert len(ids) == len(set(ids))


def test_the_page_s_example_of_a_problem_is_one() -> None:
    code = re.search(r'"code": "([a-z-]+)"', PAGE)
    assert code
    assert CODES[code[1]] == (409, "The item is not yours.")
