"""A served process does not look through its own modules for garbage."""

import subprocess
import sys
from typing import Final

from tests.system.house import ROOT

SERVED: Final = """
import gc
import sys
from types import SimpleNamespace
import uvicorn
from fastapi import FastAPI
from shared.kit.serving import serve

app = FastAPI()

def told(server):
    walked = [id(one) for one in gc.get_objects()]
    print(server.config.app is app, gc.get_freeze_count(), id(vars(app)) in walked, id(sys.modules) in walked)
    server.started = True

uvicorn.Server.run = told
sys.exit(serve(app, SimpleNamespace(host="127.0.0.1", port=1)))
"""


def test_what_was_made_before_serving_is_out_of_the_collectors_way() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SERVED], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    served, frozen, app_walked, modules_walked = done.stdout.split()
    assert (served, app_walked, modules_walked) == ("True", "False", "False")
    assert int(frozen) > 10_000
