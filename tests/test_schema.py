"""Schemathesis over the schema: generated requests, good and bad; every status that comes is documented.

Phases: examples, coverage and fuzzing run for each operation; stateful follows the links between them.
"""

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, settings
from schemathesis.config import (
    ChecksConfig,
    GenerationConfig,
    PhasesConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
)
from schemathesis.config._checks import NegativeDataRejectionConfig, PositiveDataAcceptanceConfig

from app.main import create_app
from app.settings import Settings

EXAMPLES = int(os.environ.get("UNROLLED_TEST_SCHEMA_EXAMPLES", "25"))  # per operation; more on demand


def _app() -> FastAPI:
    """Small limits: what is generated is about shapes and words, and each run should be short."""
    return create_app(
        Settings(
            data=Path(tempfile.mkdtemp(prefix="unrolled-schema-")),
            hosts=("testserver",),
            max_multiply_adds=20_000_000,
            max_bytes=64 << 20,
            max_steps=200,
            trainings=0,  # tests of their own start some
        )
    )


def _config() -> SchemathesisConfig:
    checks = ChecksConfig(
        # A request can fit the schema and still ask for shapes that do not fit each other (422), or for
        # an answer that is too large as JSON (413). No training is started here (429).
        positive_data_acceptance=PositiveDataAcceptanceConfig(
            expected_statuses=["2xx", "304", "404", "413", "422", "429"]
        ),
        # Wrong by being megabytes long is refused before it is read.
        negative_data_rejection=NegativeDataRejectionConfig(
            expected_statuses=["400", "403", "404", "405", "413", "414", "415", "422"]
        ),
    )
    project = ProjectConfig(
        generation=GenerationConfig(max_examples=EXAMPLES, deterministic=True, database="none"),
        phases=PhasesConfig(),
        checks=checks,
    )
    return SchemathesisConfig(projects=ProjectsConfig(default=project))


schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", _app(), config=_config())
HYPOTHESIS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),
)


@schema.parametrize()
@HYPOTHESIS
def test_the_schema_is_true(case: schemathesis.Case[Any]) -> None:
    case.call_and_validate()


@pytest.mark.timeout(120)
def test_the_schema_is_true_along_its_links() -> None:
    machine = schema.as_state_machine()
    machine.run(
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=4,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate,),
        )
    )
