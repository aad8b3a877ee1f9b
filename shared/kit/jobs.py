"""Durable jobs: a job that was accepted is finished, also when the process is killed in the middle.

`DurableJobs` runs on DBOS (one per process, launched by `__main__` only). `ThreadedJobs` runs a job in a thread of this
process, for tests of one service; it keeps nothing over a restart. Job functions take and return JSON values, must be
safe to run twice, and must be registered before `launch`.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

Step = Callable[..., Any]


class Jobs(Protocol):
    def register(self, name: str, function: Step) -> None: ...
    def start(self, name: str, job_id: str, *arguments: Any) -> None: ...
    def step(self, name: str, function: Step, *arguments: Any) -> Any: ...
    def launch(self) -> None: ...
    def close(self) -> None: ...


class ThreadedJobs:
    """One worker thread; a job id runs once in the life of this object."""

    def __init__(self) -> None:
        self.functions: dict[str, Step] = {}
        self.seen: set[str] = set()
        self.pool = ThreadPoolExecutor(1, thread_name_prefix="jobs")

    def register(self, name: str, function: Step) -> None:
        self.functions[name] = function

    def start(self, name: str, job_id: str, *arguments: Any) -> None:
        if job_id not in self.seen:
            self.seen.add(job_id)
            self.pool.submit(self.functions[name], *arguments)

    def step(self, name: str, function: Step, *arguments: Any) -> Any:  # noqa: ARG002  # no record, so no name
        return function(*arguments)

    def launch(self) -> None:
        return None

    def close(self) -> None:
        self.pool.shutdown(wait=True)


class DurableJobs:
    """DBOS: workflows and their steps survive `kill -9`. A constant application version, or pending jobs of an earlier
    build would wait for ever; job id = digest + attempt, because a failed job re-run under its id returns its old
    error."""

    def __init__(self, service: str, database_url: str) -> None:
        from dbos import DBOS, DBOSConfig  # noqa: PLC0415  # 1 s to import; only processes that run jobs pay it

        config = DBOSConfig(
            name=service,
            system_database_url=database_url,
            application_version="1",
            log_level="WARNING",
        )
        self.dbos = DBOS(config=config)
        self.service = service
        self.queue: Any = None
        self.workflows: dict[str, Step] = {}

    def register(self, name: str, function: Step) -> None:
        from dbos import DBOS  # noqa: PLC0415

        def job(*arguments: Any) -> Any:  # a plain function: DBOS marks what it registers, and methods take no marks
            return function(*arguments)

        self.workflows[name] = DBOS.workflow(name=f"{self.service}.{name}")(job)

    def start(self, name: str, job_id: str, *arguments: Any) -> None:
        """Durable when it returns; the same job id again starts nothing."""
        from dbos import SetWorkflowID  # noqa: PLC0415

        with SetWorkflowID(f"{self.service}.{name}.{job_id}"):
            self.queue.enqueue(self.workflows[name], *arguments)

    def step(self, name: str, function: Step, *arguments: Any) -> Any:
        """Run `function` once, as one recorded step of the job that calls this."""
        from dbos import DBOS  # noqa: PLC0415

        return DBOS.run_step({"name": name}, function, *arguments)

    def launch(self) -> None:
        """Call from a thread without an event loop: DBOS writes its queue to its database."""
        from dbos import DBOS  # noqa: PLC0415

        DBOS.launch()
        self.queue = DBOS.register_queue(f"{self.service}-jobs", global_concurrency=1, polling_interval_sec=0.2)

    def close(self) -> None:
        from dbos import DBOS  # noqa: PLC0415

        DBOS.destroy(workflow_completion_timeout_sec=5)
