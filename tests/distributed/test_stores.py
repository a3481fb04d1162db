"""Stores, and how processes meet."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from minitorch_dl import distributed as dist
from minitorch_dl.distributed.transport import Transport

SHORT = timedelta(seconds=0.05)


def tcp_store(folder: Path) -> Any:
    return dist.TCPStore("localhost", 0, 1, is_master=True)


def file_store(folder: Path) -> Any:
    return dist.FileStore(str(folder / "store"))


def hash_store(folder: Path) -> Any:
    return dist.HashStore()


def prefix_store(folder: Path) -> Any:
    return dist.PrefixStore("part", dist.PrefixStore("whole", tcp_store(folder)))


@pytest.fixture(params=[tcp_store, file_store, hash_store, prefix_store])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    return request.param(tmp_path)


def test_bytes_under_names(store: Any) -> None:
    at_first = store.num_keys()
    store.set("a", "x")
    store.append("a", b"\x00\xff")
    assert store.get("a") == b"x\x00\xff"
    assert (store.add("n", 3), store.add("n", -1), store.get("n")) == (3, 2, b"2")
    assert store.compare_set("a", "z", "w") == b"x\x00\xff"
    assert store.compare_set("n", "2", "w") == b"w"
    assert store.compare_set("new", "", "v") == b"v"
    assert store.compare_set("absent", "z", "v") == b"z"
    assert (store.check(["a"]), store.check(["a", "b"])) == (True, False)
    store.multi_set(["p", "q"], ["1", b"2"])
    assert store.multi_get(["p", "q"]) == [b"1", b"2"]
    assert store.num_keys() == at_first + 5
    assert (store.delete_key("p"), store.delete_key("p")) == (True, False)
    assert store.list_keys() == ["a", "n", "new", "q"]
    assert store.has_extended_api()
    with pytest.raises(TypeError, match="keeps str and bytes"):
        store.set("a", 3)


def test_keys_are_waited_for(store: Any) -> None:
    with pytest.raises(dist.DistStoreError, match=r"timeout after 50ms.*nowhere"):
        store.wait(["nowhere"], SHORT)
    store.set_timeout(SHORT)
    assert store.timeout == SHORT
    with pytest.raises(dist.DistStoreError, match="nowhere"):
        store.get("nowhere")
    store.set_timeout(timedelta(seconds=30))
    later = threading.Timer(0.02, _for_another_thread(store).set, ("later", "v"))
    later.start()
    store.wait(["later"])
    assert store.get("later") == b"v"
    later.join()


def test_processes_wait_for_each_other(store: Any) -> None:
    with pytest.raises(dist.DistStoreError, match="alone"):
        store.barrier("alone", 2, SHORT)
    clients = [_for_another_thread(store) for _ in range(3)]
    arrived: list[int] = []

    def come(rank: int) -> int:
        arrived.append(rank)
        clients[rank].barrier("together", 3)
        return len(arrived)

    assert in_threads(3, come) == [3, 3, 3]
    with pytest.raises(dist.DistStoreError, match="together"):  # the next round waits, too
        store.barrier("together", 3, SHORT)


def _for_another_thread(store: Any) -> Any:
    """A connection carries one request at a time."""
    if isinstance(store, dist.PrefixStore):
        return dist.PrefixStore(store.prefix, _for_another_thread(store.underlying_store))
    return store.clone() if isinstance(store, dist.TCPStore) else store


def in_threads(size: int, function: Callable[[int], Any]) -> list[Any]:
    results: list[Any] = [None] * size

    def work(rank: int) -> None:
        try:
            results[rank] = function(rank)
        except Exception as error:
            results[rank] = error

    threads = [threading.Thread(target=work, args=(rank,)) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_many_clients_add(tmp_path: Path) -> None:
    server = dist.TCPStore("localhost", 0, is_master=True)
    clients = [server, *(dist.TCPStore("localhost", server.port) for _ in range(3))]
    in_threads(4, lambda i: [clients[i].add("n", 1) for _ in range(25)])
    assert clients[2].get("n") == b"100"
    files = [dist.FileStore(tmp_path / "store", 4) for _ in range(4)]
    in_threads(4, lambda i: [files[i].add("n", 1) for _ in range(25)])
    assert files[2].get("n") == b"100"
    assert (tmp_path / "store").exists()
    files.clear()
    assert not (tmp_path / "store").exists()


def test_a_store_that_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(dist.DistNetworkError, match=f"can't listen on port {port}"):
            dist.TCPStore("127.0.0.1", port, is_master=True)
    with pytest.raises(dist.DistNetworkError, match="no server at"):
        dist.TCPStore("127.0.0.1", port, timeout=SHORT)
    with pytest.raises(dist.DistStoreError, match="1/2 clients joined"):
        dist.TCPStore("127.0.0.1", 0, 2, is_master=True, timeout=SHORT)
    server = dist.TCPStore("localhost", 0, is_master=True, timeout=timedelta(seconds=5))
    client = server.clone()
    del server
    with pytest.raises(dist.DistNetworkError, match="has ended"):
        client.get("a")


def test_a_listener_that_is_there_already() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    store = dist.TCPStore("127.0.0.1", port, is_master=True, master_listen_fd=listener.detach())
    assert (store.port, store.add("n", 1)) == (port, 1)


def test_one_server_for_several_stores_of_a_process() -> None:
    one = dist.TCPStore("localhost", 0, is_master=True, multi_tenant=True)
    other = dist.TCPStore("localhost", one.port, is_master=True, multi_tenant=True)
    one.set("a", "x")
    assert other.get("a") == b"x"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, free_port: int) -> dict[str, str]:
    given = {"RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1"}
    given["MASTER_PORT"] = str(free_port)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return given


def test_where_processes_meet(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, rank, size = next(dist.rendezvous("env://"))
    assert (store.port, rank, size) == (int(environment["MASTER_PORT"]), 0, 1)
    monkeypatch.setenv("TORCHELASTIC_USE_AGENT_STORE", "True")
    client, rank, size = next(dist.rendezvous("env://", 3, 4))
    client.set("a", "x")
    assert (store.get("attempt_0/a"), rank, size) == (b"x", 3, 4)
    del store, client
    url = f"tcp://127.0.0.1:{environment['MASTER_PORT']}?rank=0&world_size=1"
    store, rank, size = next(dist.rendezvous(url))
    assert (store.port, rank, size) == (int(environment["MASTER_PORT"]), 0, 1)
    store, rank, size = next(dist.rendezvous(f"file://{tmp_path}/here", 1, 2))
    assert (store.path, rank, size) == (f"{tmp_path}/here", 1, 2)
    for url, message in {
        "tcp://127.0.0.1": "port number missing",
        "tcp://127.0.0.1:1": "rank parameter missing",
        "file://": "path missing",
    }.items():
        with pytest.raises(ValueError, match=message):
            next(dist.rendezvous(url))
    with pytest.raises(RuntimeError, match="No rendezvous handler for pigeon://"):
        dist.rendezvous("pigeon://")
    dist.register_rendezvous_handler("pigeon", lambda parts, given, **_: iter([(store, 0, 1)]))
    assert next(dist.rendezvous("pigeon://"))[0] is store
    with pytest.raises(RuntimeError, match="already registered"):
        dist.register_rendezvous_handler("pigeon", dist.rendezvous)
    monkeypatch.delenv("TORCHELASTIC_USE_AGENT_STORE")
    monkeypatch.delenv("MASTER_ADDR")
    with pytest.raises(ValueError, match="MASTER_ADDR expected, but not set"):
        dist.init_process_group("gloo")


def test_one_world_after_the_other_on_a_store(environment: dict[str, str]) -> None:
    for _ in range(2):  # each takes the port, and gives it back
        dist.init_process_group()
        dist.barrier()
        dist.destroy_process_group()
    store = dist.HashStore()
    for _ in range(2):
        dist.init_process_group("gloo", store=store, rank=0, world_size=1)
        dist.destroy_process_group()


def test_processes_that_do_not_join() -> None:
    for rank, message in enumerate([r"ranks \[1, 2\] did not join", "rank 0 did not join"]):
        store = dist.HashStore()
        store.set_timeout(SHORT)
        with pytest.raises(dist.DistStoreError, match=message):
            Transport(store, rank, 3 - rank, 0.05)


def test_strangers_are_not_let_in() -> None:
    """A connection without the token is closed, and the world is complete without it."""
    store = dist.HashStore()

    def member(rank: int) -> Any:
        if rank == 2:
            host, port, *_ = json.loads(store.get("address/0"))
            with socket.create_connection((host, port)) as stranger:
                stranger.sendall(b"\x00\x01" + b"\x00" * 7 + b"\x05hello")
                assert stranger.recv(1) == b""
            store.set("told", "")
            return None
        if rank == 1:
            store.wait(["told"])
        return Transport(store, rank, 2, 30.0)

    *members, error = in_threads(3, member)
    assert error is None
    for transport in members:
        transport.close()
