"""Durable jobs on DBOS, shared by every worker process of a service.

A job taken by a worker that died is taken over by another (`shared.kit.workers` says who is dead), and goes on after
its last recorded step. DBOS lets one owner write to a job, so a worker that was cut off and comes back changes nothing.
"""

import logging
import secrets
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from shared.kit.bounded import Bounded
from shared.kit.database import Database
from shared.kit.jobs import Found, Step, Wake, outlasting
from shared.kit.logs import log
from shared.kit.workers import FileMarks, Marks, ServerMarks, Watch

POLL_SECONDS: Final = 0.5
LOOK_SECONDS: Final = 1.0
WAKE_SECONDS: Final = 15.0
ENDING_SECONDS: Final = 5  # that a job under way has to end by itself
MESSAGES_SECONDS: Final = 0.2  # between two looks for messages, which nobody sends; an end waits for one such look
ENDED: Final = frozenset({"SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"})
VERSION: Final = "1"  # constant, or pending jobs of an earlier build would wait for ever


class DurableJobs:
    """One for each process. `worker` is its name for people; what DBOS knows it by is this name and a part of its own,
    so that two processes never pass for one. `at_once`: how many jobs this process does side by side."""

    def __init__(self, service: str, database_url: str, worker: str = "", at_once: int = 1) -> None:
        self.service, self.at_once = service, at_once
        self.worker = f"{worker or socket.gethostname()}-{secrets.token_hex(4)}"
        self.database = Database(database_url) if database_url.startswith("postgresql") else None
        self.dbos = self._configured(database_url)
        self.queue: Any = None
        self.workflows: dict[str, Step] = {}
        self.running: set[str] = set()
        self.asked = Bounded()  # DBOS waits for its database as long as it takes: a request may not
        self.closing = threading.Event()
        self.marks = self._marks(database_url)
        self.watch = Watch(self.marks, self.worker, self._busy, self._take_over)
        # two threads: DBOS sleeps while its database is away, and the mark must be taken again as soon as it is back
        self.threads = [threading.Thread(target=work, daemon=True) for work in (self._hold, self._look_after)]
        self.wake: Wake = lambda _: None

    def _configured(self, database_url: str) -> Any:
        from dbos import DBOS, DBOSConfig  # noqa: PLC0415  # 1 s to import; only processes that run jobs pay it

        config = DBOSConfig(
            name=self.service, system_database_url=database_url, application_version=VERSION, executor_id=self.worker,
            log_level="ERROR", notification_listener_polling_interval_sec=MESSAGES_SECONDS,
        )  # fmt: skip
        if self.database is not None:  # our own connections: DBOS's would look for other databases than the service's
            config["system_database_engine"] = self.database.engine
        made = DBOS(config=config)
        _say_it_our_way()
        return made

    def _marks(self, database_url: str) -> Marks:
        if self.database is not None:
            return ServerMarks(self.database.engine)
        return FileMarks(Path(f"{make_url(database_url).database}.workers"))

    def register(self, name: str, function: Step) -> None:
        from dbos import DBOS  # noqa: PLC0415

        def job(*arguments: Any) -> Any:  # a plain function: DBOS marks what it registers, and methods take no marks
            mine = secrets.token_hex(4)
            self.running.add(mine)
            try:
                return function(*arguments)
            finally:
                self.running.discard(mine)

        self.workflows[name] = DBOS.workflow(name=f"{self.service}.{name}")(job)

    def start(self, name: str, job_id: str, subject: str, *arguments: Any) -> None:
        """Durable when it returns; the same job id again starts nothing. Raises Delayed."""
        from dbos import SetEnqueueOptions, SetWorkflowID  # noqa: PLC0415

        def enqueue() -> None:
            with SetWorkflowID(self._id(name, job_id)), SetEnqueueOptions(queue_partition_key=subject):
                self.queue.enqueue(self.workflows[name], subject, *arguments)

        self.asked(enqueue)

    def find(self, name: str, job_id: str) -> Found | None:
        return self.asked(lambda: self._find(self._id(name, job_id)))

    def _find(self, workflow: str) -> Found | None:
        from dbos import DBOS  # noqa: PLC0415

        wanted = [workflow]
        for found in DBOS.list_workflows(workflow_ids=wanted, load_input=False, load_output=False):
            ended = found.status in ENDED
            return Found(max(0.0, time.time() - (found.updated_at or 0) / 1000) if ended else None)
        return None

    def step(self, name: str, function: Step, *arguments: Any) -> Any:
        """Run `function` once, as one recorded step of the job that calls this; again where the database went away."""
        from dbos import DBOS  # noqa: PLC0415

        return DBOS.run_step({"name": name}, outlasting, self.closing, function, *arguments)

    def launch(self, wake: Wake) -> None:
        """Call from a thread without an event loop: DBOS writes its queue to its database."""
        from dbos import DBOS  # noqa: PLC0415

        self.marks.hold(self.worker)  # before anything can be taken under this name
        DBOS.launch()
        self.queue = DBOS.register_queue(
            f"{self.service}-work", partition_concurrency=1, worker_concurrency=self.at_once,
            polling_interval_sec=POLL_SECONDS,
        )  # fmt: skip
        self.wake = wake
        log.info("worker_started", worker=self.worker)
        self.watch.look()
        wake(True)
        for thread in self.threads:
            thread.start()

    def close(self) -> None:
        """What runs is left to its own end or to others. The mark stays as long as a job of ours runs: then the
        process itself lets go of it."""
        from dbos import DBOS  # noqa: PLC0415

        self.closing.set()
        DBOS.destroy(workflow_completion_timeout_sec=ENDING_SECONDS if self.running else 0)  # it sleeps a whole second
        for thread in self.threads:
            if thread.is_alive():
                thread.join(5)
        if not self.running:
            self.marks.let_go()
            if self.database is not None:
                self.database.close()

    def _id(self, name: str, job_id: str) -> str:
        return f"{self.service}.{name}.{job_id}"

    def _busy(self) -> set[str]:
        from dbos import DBOS  # noqa: PLC0415

        pending = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
        return {one.executor_id for one in pending if one.executor_id is not None}

    def _take_over(self, worker: str) -> None:
        taken = self.dbos._recover_pending_workflows([worker])
        if taken:
            log.info("jobs_taken_over", worker=worker, jobs=len(taken))

    def _hold(self) -> None:
        while not self.closing.wait(LOOK_SECONDS):
            self._quietly("worker_not_marked", lambda: self.marks.hold(self.worker))

    def _look_after(self) -> None:
        next_wake = time.monotonic() + WAKE_SECONDS
        while not self.closing.wait(LOOK_SECONDS):
            self._quietly("workers_not_watched", self.watch.look)
            if time.monotonic() >= next_wake:
                next_wake = time.monotonic() + WAKE_SECONDS
                self._quietly("jobs_not_woken", lambda: self.wake(False))

    def _quietly(self, event: str, work: Callable[[], None]) -> None:
        """Whatever fails is tried again at the next turn; only its kind is said."""
        try:
            work()
        except DBAPIError as error:
            log.warning(event, kind=type(error).__name__)
        except Exception as error:
            log.error(event, kind=type(error).__name__)


class _OurWay(logging.Handler):
    """Where in DBOS something went wrong, and of which kind; never its sentence, which may quote what a job handles."""

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        log.error("jobs_engine", where=f"{record.filename}:{record.lineno}", kind=kind)


def _say_it_our_way() -> None:
    engine = logging.getLogger("dbos")
    engine.handlers[:] = [_OurWay()]
