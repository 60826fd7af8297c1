"""One run: proxy up → traffic and faults → heal → settle → save. Judging comes after, from what was saved.

`Run` owns everything that lives for one scenario and ends it all in `close`, whatever happened. Its methods are called
from one thread; clients and traffic live on the event loop of the portal.
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import chain, count
from typing import TYPE_CHECKING, Any, Final, TypeVar

from websockets.exceptions import InvalidHandshake

from e2e.beacon.contract import TICK_TOPIC
from e2e.checkers.outages import RECOVERY
from e2e.clients.chain import ChainFollower
from e2e.clients.drift import measure_drift
from e2e.clients.http import HttpClient
from e2e.clients.links import LinkCounter
from e2e.clients.observer import Observer
from e2e.clients.pipelining import PipeliningClient
from e2e.clients.scrape import Scraper, by_label
from e2e.clients.websocket import ClientClosedError, WebSocketClient
from e2e.consensus import consensus_urls
from e2e.gateway.client import GatewayClient
from e2e.ledger.entries import Marked
from e2e.ledger.history import DIRECT, SETTLED
from e2e.ledger.meta import BACKUP, PRIMARY, Meta
from e2e.ledger.recorder import Recorder
from e2e.ledger.store import Store
from e2e.ledger.subscriptions import number_of
from e2e.nemesis.lane_faults import LaneNemesis
from e2e.nemesis.nemesis import Nemesis
from e2e.scene import NoGatewayError, NotServedError, NotServedInTimeError
from e2e.sut.profile import GATEWAY_LINKS, LINKS
from e2e.sut.topology import KEYED, keyed, upstreams
from e2e.traffic import ids, profiles
from e2e.traffic.openloop import Load, Traffic
from e2e.traffic.posts import Posts
from e2e.wait import WaitTimeoutError, bounded, wait_until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence
    from pathlib import Path

    from e2e.clients.websocket import Stream
    from e2e.gateway.protocol import RunningGateway
    from e2e.ledger.history import History
    from e2e.scene import Scene, Stage

T = TypeVar("T")

SCRAPE_EVERY: Final = 0.2  # seconds
FACTS: Final = "gateway-facts.jsonl"
LOOK_AT_CHAIN_EVERY: Final = 0.1
LONGEST: Final = 60.0
"""Seconds after which nothing is awaited any more that has no shorter bound of its own."""
BASE_CLIENTS: Final = 2
BASE_LOAD: Final = Load(profiles.READS, rate=5, ids=ids.reused)
BASE_STREAMS: Final[dict[str, list[Any]]] = {"newHeads": [], "logs": [{}]}
SOME_LOGS: Final[dict[str, list[Any]]] = BASE_STREAMS | {"logs": [{"topics": [TICK_TOPIC]}]}
"""Of all clients of the base load but the first one: that a filter got lost on the way shows in every run."""


class Run:
    """A run from its first process to its saved history."""

    def __init__(self, stage: Stage, scene: Scene) -> None:
        self.stage = stage
        self.scene = scene
        gateway = stage.gateway
        self.nodes = upstreams(scene.topology, stage.testbed, {} if gateway is None else gateway.urls)
        if KEYED in scene.tags:
            self.nodes = keyed(self.nodes)
        self.store = Store.create(stage.root, scene.scenario)
        self.recorder = Recorder(self.store)
        self.nemesis = Nemesis(stage.testbed, self.recorder, self._restored)
        self._lanes = None if gateway is None else LaneNemesis(gateway.client, self.recorder, self.store.logs / FACTS)
        self.asked_before = {} if gateway is None else gateway.client.methods()
        """What each lane of each node had been asked for, and how often, before this run."""
        self.unfelt: tuple[str, ...] = ()
        """Faults of lanes that had no effect at all; known once settled."""
        self.clients: list[WebSocketClient] = []
        self._ending = ExitStack()
        self._ending.callback(self.recorder.close)
        consensus = self._ending.enter_context(consensus_urls(scene.tags, stage.testbed, gateway))
        self.consensus = tuple(consensus)
        """The names of the consensus nodes that the proxy is told of, in its order."""
        self.sut = stage.make_sut(stage.profile, self.nodes, consensus, self.store.folder, scene.settings)
        self.meta = self._meta()
        self._traffic: list[Traffic] = []
        self._posts: list[Posts] = []
        self._scraper: Scraper | LinkCounter | None = None

    @property
    def folder(self) -> Path:
        return self.store.folder

    @property
    def gateway(self) -> RunningGateway:
        """The fault gateway between the proxy and its nodes."""
        if self.stage.gateway is None:
            raise NoGatewayError
        return self.stage.gateway

    @property
    def lanes(self) -> LaneNemesis:
        """Who hurts single lanes of nodes."""
        if self._lanes is None:
            raise NoGatewayError
        return self._lanes

    def start(self) -> None:
        """Start the proxy, those who watch, and a base load by which the run itself can be judged."""
        self.store.write_meta(self.meta)
        self._ending.callback(self.sut.stop)
        self.sut.start()
        self._watch()
        self.witness = self._witness()
        self._ending.callback(self._close_clients)
        self._begin_base_load()

    def connect(self, name: str) -> WebSocketClient:
        """Open a WebSocket client through the proxy, under a name that no other open one has. Raises NotServedError."""
        taken = {client.name for client in self.clients if client.closed is None}
        names = chain([name], (f"{name} ({number})" for number in count(2)))
        name = next(each for each in names if each not in taken)
        client = WebSocketClient(name, self.sut.endpoints.ws, self.recorder)
        try:
            self.await_(client.open)
        except (OSError, TimeoutError, InvalidHandshake) as error:
            raise _not_served(error, f"{name} could not connect to {client.url}") from error
        self.clients.append(client)
        return client

    def http(self, name: str) -> HttpClient:
        """Make an HTTP client of the proxy."""
        client = HttpClient(name, self.sut.endpoints.http, self.recorder)
        self._ending.callback(client.close)
        return client

    def pipelining(self, name: str) -> PipeliningClient:
        """Connect an HTTP client that does not wait for answers. Raises NotServedError."""
        client = PipeliningClient(name, self.sut.endpoints.http, self.recorder)
        self._ending.callback(self.await_, client.close)
        try:
            self.await_(client.open)
        except OSError as error:
            raise _not_served(error, f"{name} could not connect to {self.sut.endpoints.http}") from error
        return client

    def subscribe(self, client: WebSocketClient, request_id: str, kind: str, *options: Any) -> Stream:
        """Subscribe and wait for the confirmation. Raises NotServedError."""
        try:
            return self.await_(client.subscribe, request_id, kind, *options)
        except (TimeoutError, ValueError, ClientClosedError) as error:
            raise _not_served(error, f"{client.name} could not subscribe to {kind}") from error

    def offer(self, load: Load, clients: Sequence[WebSocketClient]) -> Traffic:
        """Begin to send, until stopped or settled."""
        traffic = Traffic(clients, load, self.recorder)
        self._traffic.append(traffic)
        self.await_(traffic.start)
        return traffic

    def post(self, load: Load, clients: Sequence[HttpClient]) -> Posts:
        """Begin to post over HTTP, until stopped or settled."""
        posts = Posts(clients, load, self.recorder)
        self._posts.append(posts)
        self._ending.callback(posts.stop)
        posts.start()
        return posts

    def await_(self, function: Callable[..., Awaitable[T]], *args: Any) -> T:
        """Run a coroutine function on the loop and wait for what it returns. Raises TooLateError after `LONGEST`."""
        result: T = self.stage.portal.call(bounded, LONGEST, function, *args)
        return result

    def keep_doing(self, function: Callable[..., Awaitable[None]], *args: Any) -> None:
        """Run a coroutine function on the loop until the run ends, when it is cancelled."""
        self._ending.callback(self.stage.portal.start_task_soon(function, *args).cancel)

    def mark(self, name: str, **detail: Any) -> None:
        """Write down an instant of the run."""
        self.recorder.record(Marked(self.recorder.now(), name, detail))

    def outstanding(self) -> int:
        """How many requests wait for their answers, over all open connections."""
        return sum(client.outstanding for client in self.clients if client.closed is None)

    def scrape(self) -> dict[str, float]:
        """Return the proxy's metrics as they are now; {} where it has none or does not answer."""
        return {} if self._scraper is None else self._scraper.scrape().samples

    def carrying(self) -> set[str]:
        """Return the nodes that carry clients, by the proxy's metrics."""
        return self.nodes_with("upstream_connected")

    def nodes_with(self, role: str) -> set[str]:
        """Return the nodes of which the metric that plays this role, by the proxy's profile, is not 0."""
        name = self._metrics.get(role)
        if name is None:
            return set()
        return {node for node, value in by_label(self.scrape(), name, "node").items() if value}

    def gauge(self, role: str) -> float | None:
        """Return the value of the metric without labels that plays this role; None where the proxy has none."""
        return self.scrape().get(self._metrics.get(role, ""))

    def wait_healthy(self, nodes: Iterable[str], within: float) -> None:
        """Wait until nodes are healthy by the proxy's metrics; where it has none, give it the time that it may take.

        Raises WaitTimeoutError.
        """
        wanted = set(nodes)
        if "node_healthy" in self._metrics:
            what = f"{', '.join(sorted(wanted))} healthy by the metrics"
            wait_until(lambda: wanted <= self.nodes_with("node_healthy"), within, what)
            return
        found = self.recorder.now() + RECOVERY
        wait_until(lambda: self.recorder.now() >= found, 2 * RECOVERY, "the proxy has had its time to find them")

    def settle(self, within: float) -> None:
        """Cure what is hurt, stop the traffic, and give whatever is owed its time: answers, and heads up to now.

        Does not complain of what never came: that is for the checkers.
        """
        self._heal()
        self.mark("healed")
        for traffic in self._traffic:
            self.await_(traffic.stop)
        for posts in self._posts:
            posts.stop()
        head = self.stage.testbed.head().number
        try:
            wait_until(lambda: not self._owed(head), within, "everything owed is delivered", lambda: self._owed(head))
        except WaitTimeoutError as error:
            self.mark(SETTLED, owed=str(error))
        else:
            self.mark(SETTLED)
        if self._lanes is not None:
            self._lanes.collect()

    def history(self) -> History:
        """Return what was recorded so far as the judge will see it."""
        return self.recorder.history(self.meta)

    def close(self) -> None:
        """End everything that this run started and save it; the nodes belong to the stage. May be called twice."""
        self._ending.close()

    def _heal(self) -> None:
        if self._lanes is not None:
            self.unfelt = tuple(f"{each.fault} of {each.node} ({each.lane})" for each in self._lanes.unfelt())
            self._lanes.cure_all()
        self.nemesis.cure_all()

    def _restored(self, node: str) -> None:
        if self.stage.gateway is not None:
            self.stage.gateway.follow(node, self.stage.testbed.urls(node))

    def _watch(self) -> None:
        follower = Observer(
            "chain follower", ChainFollower(self.stage.testbed, self.recorder).look, LOOK_AT_CHAIN_EVERY
        )
        self._ending.callback(follower.stop)
        follower.start()
        self._scraper = self._look_at_proxy()
        if self._scraper is not None:
            scraper = Observer("scraper", self._scraper.scrape, SCRAPE_EVERY)
            self._ending.callback(self._scraper.close)
            self._ending.callback(scraper.stop)
            scraper.start()
        self.keep_doing(measure_drift, self.recorder)

    def _look_at_proxy(self) -> Scraper | LinkCounter | None:
        if self.stage.profile.carriers == LINKS:
            return LinkCounter(GatewayClient(self.gateway.client.url), GATEWAY_LINKS, self.recorder)
        url = self.sut.endpoints.metrics
        return None if url is None else Scraper(url, frozenset(self._metrics.values()), self.recorder)

    @property
    def _metrics(self) -> dict[str, str]:
        """What may be looked for in the proxy's metrics → the names of its samples."""
        profile = self.stage.profile
        return {"upstream_connected": GATEWAY_LINKS} if profile.carriers == LINKS else dict(profile.metrics)

    def _begin_base_load(self) -> None:
        base = []
        try:
            for number in range(1, BASE_CLIENTS + 1):
                base.append(client := self.connect(f"base-{number}"))
                self._listen(client, BASE_STREAMS if number == 1 else SOME_LOGS)
        except NotServedError as error:
            self.mark("base load not served", error=str(error))  # the ledger has the facts, and a judge will see them
        self.offer(BASE_LOAD, base)
        self.mark("traffic")

    def _witness(self) -> WebSocketClient:
        """Listen to a node without the proxy in between: what it says is what there was to be heard."""
        node = self.stage.testbed.node_names()[-1]
        client = WebSocketClient(f"{DIRECT}{node}", self.stage.testbed.urls(node).ws, self.recorder)
        self._ending.callback(self.await_, client.close)
        self.await_(client.open)
        self._listen(client, BASE_STREAMS)
        return client

    def _listen(self, client: WebSocketClient, streams: dict[str, list[Any]]) -> None:
        for kind, options in streams.items():
            self.subscribe(client, f'"{kind}"', kind, *options)

    def _owed(self, head: int) -> list[str]:
        """Say what is still to come on the connections that are open: answers, and heads up to `head`."""
        clients = [client for client in self.clients if client.closed is None]
        answers = [f"{client.name}: {client.outstanding} answers" for client in clients if client.outstanding]
        heads = [
            f"{client.name}: heads from {number_of(stream.last) + 1} to {head}"
            for client in clients
            for stream in tuple(client.streams.values())
            if stream.kind == "newHeads" and number_of(stream.last) < head
        ]
        return answers + heads

    def _close_clients(self) -> None:
        for client in self.clients:
            self.await_(client.close)

    def _meta(self) -> Meta:
        stage, scene = self.stage, self.scene
        return Meta(
            scenario=scene.scenario,
            feature=scene.feature,
            tags=scene.tags,
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            seed=stage.seed,
            sut=stage.profile.name,
            testbed=stage.testbed.name,
            nodes={node.name: PRIMARY if node.primary else BACKUP for node in self.nodes},
            metrics=self._metrics,
            not_claimed=dict(stage.profile.not_claimed),
            required=scene.required,
            patience=stage.profile.patience,
            versions=stage.versions,
            options={**stage.options, "topology": scene.topology, **scene.settings},
        )


def _not_served(error: Exception, what: str) -> NotServedError:
    kind = NotServedInTimeError if isinstance(error, TimeoutError) else NotServedError
    return kind(f"{what}: {error!r}")
