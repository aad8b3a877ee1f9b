"""What every test starts from: logs as they are before a process configures them."""

import pytest
import structlog


@pytest.fixture(autouse=True)
def _fresh_logs() -> None:
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
