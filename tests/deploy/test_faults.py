"""What goes wrong while a school works: a process ends, or the store, or all of them in turn."""

import json
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from time import monotonic
from urllib.error import HTTPError

import psutil
import pytest
from websockets.exceptions import ConnectionClosed

from tests.deploy.fleet import UP, Fleet, process_of, two_cookies
from tests.deploy.people import (
    Person,
    School,
    come_in,
    comes_again,
    is_whole,
    look_again,
    open_room,
    rest_of,
    sentence_of,
    version_of,
)
from tests.patience import LONG, wait_until
from tests.rooms.screens import Event as Told
from tests.rooms.screens import Screen, place
from tests.servers import Server, directly, running_server
from tests.valkey_server import Valkey, store_program
from tools.serve import free_port

HALF = 25  # people in each process
PACE = 2.0  # seconds between two sentences of somebody
WITHIN = 3.0  # seconds from a process' end until its people are served


@dataclass
class Typist:
    """Somebody who types one sentence after the other, and comes back when the line is cut."""

    fleet: Fleet
    number: int
    cookie: str
    times: list[float] = field(default_factory=list)  # seconds that each sentence took
    broken: list[str] = field(default_factory=list)
    came_back: list[float] = field(default_factory=list)  # when the page was served again
    last: Person | None = None

    def work(self, ended: Event) -> None:
        with ExitStack() as stack:
            person = stack.enter_context(
                Person(self.fleet, origin=self.fleet.url, cookie=self.cookie)
            )
            self._note(is_whole(person.open("heads=4")), "first")
            sentence = ""
            ended.wait(PACE * self.number / HALF)  # not all at once
            while not ended.is_set():
                try:
                    sentence, began = f"Person {self.number} types {len(self.times)}", monotonic()
                    self._note(is_whole(person.type(sentence)), sentence)
                    self.times.append(monotonic() - began)
                except ConnectionClosed:
                    person = self._come_back(stack, person, sentence)
                ended.wait(PACE)

    def _come_back(self, stack: ExitStack, before: Person, sentence: str) -> Person:
        person = stack.enter_context(comes_again(self.fleet, self.cookie))
        person.widgets, person.query = before.widgets, before.query
        # The page is as it was: what is typed there is sent for a part that the old process drew.
        part = next(iter(before.fragments))
        drawn = person.type(sentence, page_name="explore", fragment_id=part)
        self.came_back.append(monotonic())
        self._note(is_whole(drawn), "after coming back")
        self._note(person.asked == before.asked, f"{person.query} after coming back")
        self._note(is_whole(person.type(sentence, fragment_id=part)), "what was typed meanwhile")
        self._note(person.asked == {"heads": "4", "text": sentence}, f"{person.query} at the end")
        self.last = person
        return person

    def _note(self, is_right: bool, what: str) -> None:
        if not is_right:
            self.broken.append(what)


@contextmanager
def typing(typists: list[Typist]) -> Iterator[None]:
    """Let all type at once; what goes wrong with one goes wrong here."""
    ended = Event()
    with ThreadPoolExecutor(len(typists)) as pool:
        works = [pool.submit(each.work, ended) for each in typists]
        try:
            yield
        finally:
            ended.set()
    for work in works:
        work.result(LONG)


class Class:
    """A room that is led from one process, and followed from both: with pages and their streams."""

    def __init__(self, school: School, leads_from: str, cookies: Sequence[str]) -> None:
        self.school, self.cookies = school, [leads_from, *cookies]
        self.leader = open_room(school.person(leads_from))
        self.students = {cookie: self._student(cookie) for cookie in cookies}

    def _student(self, cookie: str) -> tuple[Person, Screen]:
        person = self.school.person(cookie)
        assert is_whole(come_in(person, self.leader.code))
        screen = self.school.screen(self.leader.code, cookie[-8:], cookie)
        screen.until(self.present())
        return person, screen

    def present(self) -> Told:
        return place(version_of(self.school.fleet, self.leader.code))

    def come_back(self, cookie: str) -> None:
        """Connect again whoever was on a process that has gone, as their browsers do."""
        _page, stream = self.students[cookie]
        assert ("ended", {}) not in rest_of(stream)
        self.students[cookie] = self._student(cookie)
        if self.cookies[0] == cookie:
            self.leader.come_back(self.school.person(cookie))

    def goes_on(self, sentence: str) -> None:
        """Lead once more: all are told, and see it."""
        assert is_whole(self.leader.person.type(sentence))
        for person, screen in self.students.values():
            screen.until(self.present())
            drawn = look_again(person)
            assert is_whole(drawn)
            assert sentence_of(drawn) == sentence


def test_whose_process_is_killed_goes_on_within_seconds_and_others_notice_nothing(
    fleet: Fleet, school: School
) -> None:
    cookies = two_cookies(fleet)
    goes, stays = (process_of(fleet, school.person(cookie)) for cookie in cookies)
    assert goes != stays
    classes = [Class(school, cookie, cookies) for cookie in cookies]
    lost, others = ([Typist(fleet, number, cookie) for number in range(HALF)] for cookie in cookies)
    with typing([*lost, *others]):
        wait_until(lambda: all(len(each.times) > 1 for each in (*lost, *others)))
        before = {each.number: len(each.times) for each in others}
        ups = fleet.times_up()
        killed = monotonic()
        goes.kill()
        wait_until(lambda: all(each.came_back for each in lost))
        for each in classes:
            each.come_back(cookies[0])
            each.goes_on("It still leads")
        wait_until(lambda: all(len(each.times) > before[each.number] + 2 for each in others))
    assert [each.broken for each in (*lost, *others) if each.broken] == []
    assert [each.came_back for each in others if each.came_back] == []
    assert {each.last.new_cookie for each in lost if each.last is not None} == {cookies[1]}
    served = sorted(when - killed for each in lost for when in each.came_back)
    print(f"served after {served[0]:.1f} to {served[-1]:.1f} s")
    assert served[-1] < WITHIN * 2
    fleet.wait_for(UP, ups + 1)


def test_a_store_that_comes_back_empty_ends_the_rooms_and_no_page(
    fleet: Fleet, school: School
) -> None:
    cookies = two_cookies(fleet)
    each_class = Class(school, cookies[0], cookies)
    (store,) = fleet.processes("redis")
    launcher = psutil.Process(fleet.pid)
    launcher.suspend()  # so that the store is away for as long as we want to look
    try:
        store.kill()
        for _person, screen in each_class.students.values():
            screen.until(("unreachable", {}))
        leader = each_class.leader.person
        drawn = leader.type("The store is away")
        assert is_whole(drawn)
        assert "doesn't answer" in drawn.texts()
        for person, _screen in each_class.students.values():
            assert is_whole(look_again(person))
    finally:
        launcher.resume()
    for person, screen in each_class.students.values():
        assert rest_of(screen)[-1] == ("ended", {})
        assert is_whole(look_again(person))
    drawn = leader.tell("place", -1)
    assert is_whole(drawn)
    assert "The class has ended" in drawn.texts()
    assert leader.asked == {"heads": "4", "text": "The store is away"}
    again = Class(school, cookies[1], cookies)
    again.goes_on("As before")


@pytest.mark.matrix
def test_no_room_is_lost_while_all_processes_are_renewed(fleet: Fleet, school: School) -> None:
    cookies = two_cookies(fleet)
    classes = [Class(school, cookie, cookies) for cookie in cookies]
    versions = [each.present() for each in classes]
    renewed = fleet.log().count("all processes are new")
    os.kill(fleet.pid, signal.SIGHUP)
    fleet.wait_for("all processes are new", renewed + 1)
    assert [each.present() for each in classes] == versions
    for each in classes:
        for cookie in cookies:
            each.come_back(cookie)
        each.goes_on("After the new version")


def test_a_server_is_ready_once_it_has_found_its_store_and_stays_so(
    tmp_path: Path, kept_models: Path
) -> None:
    store = Valkey(store_program(), tmp_path, free_port())
    with (
        closing(store),
        running_server(tmp_path, kept_models, environ={"HEADLIGHT_STORE": store.url}) as server,
    ):
        wait_until(lambda: ready(server)[1]["missing"] == ["store"])  # the pages are imported
        assert ready(server)[0] == 503
        store.start()
        assert ready(server) == (200, {"missing": []})
        store.stop()
        assert ready(server) == (200, {"missing": []})


def ready(server: Server) -> tuple[int, dict[str, list[str]]]:
    try:
        with directly.open(f"{server.url}/readyz", timeout=LONG) as answer:
            return answer.status, json.load(answer)
    except HTTPError as refusal:
        with refusal:
            return refusal.code, json.load(refusal)
