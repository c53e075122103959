"""What a store promises, of both kinds."""

import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from queue import Queue
from threading import Barrier

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from rooms.errors import StoreUnreachable
from rooms.memory import MemoryStore
from rooms.store import Store, store_at
from rooms.valkey import ValkeyStore
from tests.patience import LONG
from tests.rooms.conftest import Clock, Shared
from tests.valkey_server import Valkey

ANY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
SOON = 0.15  # seconds, which a test can wait
LATER = 1000.0


def test_a_value_is_added_once_and_there_until_it_is_removed(store: Store) -> None:
    assert store.get("a") is None
    assert store.add("a", "one", LATER)
    assert not store.add("a", "two", LATER)
    assert store.get("a") == "one"
    assert store.remove("a")
    assert not store.remove("a")
    assert store.get("a") is None


def test_a_value_is_swapped_for_what_it_was_alone(store: Store) -> None:
    assert not store.swap("a", "", "one", LATER)
    store.add("a", "one", LATER)
    assert not store.swap("a", "two", "three", LATER)
    assert store.swap("a", "one", "two", LATER)
    assert store.get("a") == "two"


def test_what_has_expired_is_gone_unless_it_was_kept(shared: Shared) -> None:
    store = shared.store
    for key in ("left", "kept", "swapped"):
        store.add(key, key, SOON)
    assert store.keep("kept", LATER)
    assert store.swap("swapped", "swapped", "new", LATER)
    assert not store.keep("none", LATER)
    shared.let_pass(SOON + 0.05)
    assert [store.get(key) for key in ("left", "kept", "swapped")] == [None, "kept", "new"]
    assert not store.swap("left", "left", "new", LATER)
    assert store.add("left", "again", LATER)


@ANY
@given(some.text(), some.text())
def test_every_text_comes_back_as_it_was(store: Store, field: str, text: str) -> None:
    store.remove("a")
    store.remove("table")
    assert store.add("a", text, LATER)
    assert store.get("a") == text
    assert store.put_in("table", field, text, LATER, 1)
    assert store.fields("table") == {field: text}


def test_half_a_character_is_kept_too(store: Store) -> None:
    assert store.put_in("table", "a", "\ud83d", LATER, 1)
    assert store.fields("table") == {"a": "\ud83d"}


def test_a_table_has_so_many_fields_and_those_that_it_has_can_change(store: Store) -> None:
    assert [store.put_in("t", name, "1", LATER, 2) for name in "abc"] == [True, True, False]
    assert store.put_in("t", "a", "2", LATER, 2)
    assert store.fields("t") == {"b": "1", "a": "2"}
    store.take_out("t", "a")
    store.take_out("t", "none")
    assert store.put_in("t", "c", "1", LATER, 2)
    assert store.fields("t") == {"b": "1", "c": "1"}
    assert store.remove("t")
    assert store.fields("t") == {}


def test_each_field_expires_by_itself_and_makes_room(shared: Shared) -> None:
    store = shared.store
    assert store.put_in("t", "long", "", LATER, 2)
    assert store.put_in("t", "short", "", SOON, 2)
    assert list(store.fields("t")) == ["short", "long"]
    assert not store.put_in("t", "new", "", LATER, 2)
    shared.let_pass(SOON + 0.05)
    assert list(store.fields("t")) == ["long"]
    assert store.put_in("t", "new", "", LATER, 2)
    assert list(store.fields("t")) == ["long", "new"]


def test_a_counter_begins_anew_after_its_time(shared: Shared) -> None:
    store = shared.store
    assert store.count("c", SOON, by=0) == 0
    assert [store.count("c", SOON) for _each in range(3)] == [1, 2, 3]
    assert store.count("c", SOON, by=0) == 3
    assert store.count("d", SOON, by=5) == 5
    shared.let_pass(SOON + 0.05)
    assert store.count("c", SOON, by=0) == 0
    assert store.count("c", SOON) == 1


def test_all_servers_hear_what_one_tells_until_they_stop(shared: Shared) -> None:
    here: Queue[str | None] = Queue()
    there: Queue[str | None] = Queue()
    stops = [shared.store.listen(here.put), shared.door().listen(there.put)]
    if not isinstance(shared.store, MemoryStore):  # connections are made in threads
        assert here.get(timeout=LONG) is None
        assert there.get(timeout=LONG) is None
    shared.door().tell("one")
    assert [heard.get(timeout=LONG) for heard in (here, there)] == ["one", "one"]
    for stop in stops:
        stop()
    shared.store.tell("two")
    assert here.empty()
    assert there.empty()


def test_nothing_is_lost_however_many_write_at_once(shared: Shared) -> None:
    threads, times = 8, 25
    start = Barrier(threads)
    shared.store.add("sum", "0", LATER)

    def write(who: int) -> list[int]:
        store = shared.door()
        start.wait()
        counts = []
        for number in range(times):
            while (old := store.get("sum")) is None or not store.swap(
                "sum", old, str(int(old) + 1), LATER
            ):
                pass
            store.put_in("table", f"{who} {number}", "x", LATER, threads * times)
            counts.append(store.count("count", LATER))
        return counts

    with ThreadPoolExecutor(threads) as pool:
        counts = list(pool.map(write, range(threads)))
    assert shared.store.get("sum") == str(threads * times)
    assert len(shared.store.fields("table")) == threads * times
    assert all(a < b for own in counts for a, b in pairwise(own))
    assert Counter(each for own in counts for each in own) == Counter(range(1, threads * times + 1))


def test_of_two_who_add_or_take_the_last_place_one_does(shared: Shared) -> None:
    start = Barrier(8)

    def write(who: int) -> tuple[bool, bool]:
        store = shared.door()
        start.wait()
        return store.add("a", str(who), LATER), store.put_in("t", str(who), "", LATER, 1)

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(write, range(8)))
    assert [sum(each) for each in zip(*done, strict=True)] == [1, 1]


def test_a_store_that_hangs_or_is_gone_is_unreachable_and_found_again(own_valkey: Valkey) -> None:
    store, heard = own_valkey.store(), Queue[str | None]()
    stop = store.listen(heard.put)
    assert heard.get(timeout=LONG) is None
    assert own_valkey.process is not None
    own_valkey.process.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    with pytest.raises(StoreUnreachable, match="doesn't answer"):
        store.get("a")
    assert time.monotonic() - began < 10  # twice a second, on a busy machine
    own_valkey.stop()
    assert heard.get(timeout=LONG) is None  # whatever was shown isn't known any more
    for act in (store.ping, lambda: store.count("a", 1), lambda: store.tell("x")):
        with pytest.raises(StoreUnreachable):
            act()
    own_valkey.start()
    assert store.add("a", "again", LATER)
    assert heard.get(timeout=LONG) is None  # look again at everything
    store.tell("x")
    assert heard.get(timeout=LONG) == "x"
    stop()


def test_the_memory_has_so_many_keys_and_forgets_what_was_written_longest_ago() -> None:
    clock = Clock()
    store = MemoryStore(3, clock)
    for key in "abc":
        store.add(key, key, LATER)
    store.keep("a", LATER)
    store.count("d", LATER)
    assert [store.get(key) for key in "abc"] == ["a", None, "c"]
    assert len(store) == 3
    store.add("short", "", 1)  # c goes
    clock.now = 2
    store.put_in("e", "field", "", LATER, 1)
    assert store.get("a") == "a"
    assert len(store) == 3


@pytest.mark.parametrize("url", ["redis://x:1/0", "rediss://x", "valkey://:p@x", "valkeys://x"])
def test_an_address_leads_to_valkey_which_nobody_asks_yet(url: str) -> None:
    assert isinstance(store_at(url), ValkeyStore)


def test_without_an_address_it_is_the_memory() -> None:
    assert isinstance(store_at(""), MemoryStore)


def test_a_wrong_address_is_an_error_that_keeps_the_password() -> None:
    with pytest.raises(ValueError, match="HEADLIGHT_STORE must begin with") as caught:
        store_at("http://:hunter2@x")
    assert "hunter2" not in str(caught.value)
