import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import decoders
import psutil
import pytest

from ingest.media import probe
from ingest.workers import Workers
from mmkg.errors import MediaError

LINUX = sys.platform == "linux"


@pytest.fixture(scope="module")
def workers():
    with Workers(2, memory=1 << 30) as workers:
        yield workers


def is_fit(workers: Workers) -> bool:
    """Every place of the pool does its job again."""
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda n: workers.run(decoders.double, n), range(6)))
    return [answer["double"] for answer in answers] == [0, 2, 4, 6, 8, 10]


def is_fit_alone(workers: Workers) -> bool:
    return workers.run(decoders.double, 4)["double"] == 8


def until(condition, seconds=30.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


def test_a_worker_is_another_process_and_stays(workers):
    pids = {workers.run(decoders.double, 1)["pid"] for _ in range(5)}
    assert len(pids) == 1
    assert os.getpid() not in pids


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (decoders.crash, r"crashes the decoder \(SIGSEGV\)"),
        (decoders.leave, r"ends the decoder \(exit code 7\)"),
        (decoders.fail, "ZeroDivisionError: nothing to divide by"),
        (decoders.answer_with_code, "no plain value"),
        (decoders.answer_with_a_trap, "no plain value"),
        (decoders.answer_too_much, "is the limit"),
        (decoders.answer_with_what_cannot_be_sent, "the decoder failed"),
        pytest.param(
            decoders.allocate,
            "more than 1024 MB",
            marks=pytest.mark.skipif(not LINUX, reason="memory is limited on Linux alone"),
        ),
        pytest.param(
            decoders.allocate_outside_of_python,
            "Cannot allocate memory",
            marks=pytest.mark.skipif(not LINUX, reason="memory is limited on Linux alone"),
        ),
    ],
)
def test_what_goes_wrong_is_told_and_harms_no_other(workers, tmp_path, monkeypatch, function, reason):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MediaError, match=reason):
        workers.run(function)
    assert is_fit(workers)
    assert not list(tmp_path.iterdir())


def test_an_error_of_ours_keeps_its_parts(workers):
    with pytest.raises(MediaError) as error:
        workers.run(decoders.refuse)
    assert (error.value.what, error.value.where, error.value.remedy) == (
        "it is not for us",
        "here",
        "Go away",
    )


def test_what_never_ends_is_ended(workers, tmp_path):
    for function, argument in (
        (decoders.sleep, tmp_path / "asleep"),
        (decoders.sleep_with_the_interpreter_locked, ""),
    ):
        with pytest.raises(MediaError, match=r"longer than 0\.5 s"):
            workers.run(function, argument, seconds=0.5)
        assert is_fit(workers)


@pytest.mark.parametrize(("then", "reason"), [("crash", "SIGSEGV"), ("sleep", r"longer than 0\.5 s")])
def test_half_an_answer_harms_no_other(workers, then, reason):
    stop = threading.Event()
    with ThreadPoolExecutor(1) as threads:
        other = threads.submit(lambda: {is_fit_alone(workers) for _ in iter(stop.is_set, True)})
        with pytest.raises(MediaError, match=reason):
            workers.run(decoders.answer_by_half, then, seconds=0.5)
        stop.set()
        assert other.result() <= {True}
    assert is_fit(workers)


def test_a_decoder_writes_no_file_opens_few_and_sees_no_secret(workers, tmp_path, monkeypatch):
    with pytest.raises(MediaError, match="File too large"):
        workers.run(decoders.write, tmp_path / "planted")
    (tmp_path / "file").touch()
    with pytest.raises(MediaError, match="Too many open files"):
        workers.run(decoders.open_many, tmp_path / "file")
    monkeypatch.setenv("NEO4J_PASSWORD", "secret")
    with Workers(1) as fresh:
        assert "NEO4J_PASSWORD" not in fresh.run(decoders.environment)


def test_a_worker_is_replaced_after_its_share_and_where_it_died_in_its_sleep(workers):
    with Workers(1, jobs=2) as few:
        pids = [few.run(decoders.double, 1)["pid"] for _ in range(6)]
        assert len(set(pids)) == 3
    pid = workers.run(decoders.double, 1)["pid"]
    os.kill(pid, signal.SIGKILL)
    until(lambda: psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    assert workers.run(decoders.double, 1)["pid"] != pid


def test_closing_ends_what_runs_and_starts_nothing_more(tmp_path):
    pool = Workers(1)
    with ThreadPoolExecutor(3) as threads:
        jobs = [threads.submit(pool.run, decoders.sleep, tmp_path / str(n)) for n in range(3)]
        until(lambda: list(tmp_path.iterdir()))
        pool.close()
        for job in jobs:
            with pytest.raises(MediaError, match="stopped"):
                job.result(timeout=30)
    assert not [child for child in psutil.Process().children() if str(tmp_path) in str(child.cmdline())]


def test_decoding_loads_no_learning_and_no_store(workers, tmp_path):
    with pytest.raises(MediaError, match="no such file"):
        workers.run(probe, tmp_path / "none", "Poster")
    pid = workers.run(decoders.double, 1)["pid"]
    assert pid
    assert workers.run(decoders.loaded, ["torch", "dgl", "minio", "scrapy"]) == []


PARENT = """
import sys, threading
from pathlib import Path
import decoders
from ingest.workers import Workers

with Workers(2) as workers:
    print(workers.run(decoders.double, 1)["pid"], flush=True)
    threading.Thread(target=workers.run, args=(decoders.sleep, Path(sys.argv[1])), daemon=True).start()
    workers.run(decoders.sleep_with_the_interpreter_locked, "")
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_no_worker_outlives_its_parent(tmp_path, number):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", PARENT, str(tmp_path / "asleep")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        until((tmp_path / "asleep").exists)
        children = psutil.Process(parent.pid).children()
        assert len(children) == 2
        parent.send_signal(number)
        parent.communicate(timeout=30)
    until(
        lambda: not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children)
    )
