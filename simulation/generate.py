"""From a seed to a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proxy.nodes import Tier
from proxy.session import Settings
from simulation.agenda import stream
from simulation.api import IDENTITY, REVERTS
from simulation.chain import ADDRESSES, TOPICS
from simulation.client import FIRST_SUBSCRIPTION, LAST_SUBSCRIPTION
from simulation.dialect import DIALECTS
from simulation.nemesis import STARVE
from simulation.plan import Act, Action, Ask, Fault, Plan, Setting

if TYPE_CHECKING:
    from random import Random

IDS = (
    "0", "-1", "1", "2", "9007199254740993", "18446744073709551616", "1.0", "1e3", '"1"', '""', '"a\\"b"', '"\\u00fc"',
)  # fmt: skip
LAYOUTS = (
    '{{"jsonrpc":"2.0","id":{id},{rest}}}',
    '{{"jsonrpc":"2.0",{rest},"id":{id}}}',
    '{{ "id" : {id} ,\n {rest} , "jsonrpc":"2.0"}}',
)
TEXTS = ("{", "[]", "nonsense", '{"jsonrpc":"2.0","method":7}', "17", '{"id":null', '"eth_call"')
STREAMS: tuple[list[Any], ...] = (
    ["newHeads"],
    ["logs", {}],
    ["logs"],
    ["logs", {"address": ADDRESSES[0]}],
    ["logs", {"topics": [TOPICS[1]]}],
    ["newPendingTransactions"],
    ["syncing"],
    ["nonsense"],
)
MOMENTS = ("dial", "opened", "live", "moved", "lost", "failed", "backfill")


def plan(seed: int) -> Plan:
    rng = stream(seed, "plan")
    setting = _setting(rng)
    clients = [f"c{number}" for number in range(1, rng.choice((1, 2, 2, 3)) + 1)]
    actions: list[Action] = []
    for client in clients:
        actions += _Script(client, rng, setting).actions()
    actions += _faults(rng, setting, clients)
    actions.sort(key=lambda action: action.at)
    return Plan(seed, setting, tuple(actions))


def _setting(rng: Random) -> Setting:
    primaries = [f"p{number}" for number in range(1, rng.choice((1, 2, 2)) + 1)]
    backups = [f"b{number}" for number in range(1, rng.choice((1, 2, 2)) + 1)]
    kinds = range(len(DIALECTS))
    nodes = [(name, Tier.PRIMARY, rng.choice(kinds)) for name in primaries]
    nodes += [(name, Tier.BACKUP, rng.choice(kinds)) for name in backups]
    settings = Settings(
        request_timeout=10.0,
        max_retries=8,
        queue_max_messages=40,
        backfill_blocks=rng.choice((6, 128, 128)),
    )
    return Setting(tuple(nodes), rng.choice((0.25, 0.5, 1.0)), settings, rng.uniform(10.0, 16.0))


class _Script:
    """What one client does."""

    def __init__(self, client: str, rng: Random, setting: Setting) -> None:
        self._client = client
        self._rng = rng
        self._setting = setting
        self._layout = rng.choice(LAYOUTS)
        self._null_ids = rng.random() < 0.3
        self._count = 0

    def actions(self) -> list[Action]:
        rng = self._rng
        at = rng.uniform(0.3, 1.0)
        acts: list[Action] = [
            Act(at + rng.uniform(0, 0.3), self._client, "ask", (self._subscribe(),)) for _ in range(rng.randint(1, 4))
        ]
        pace = rng.choice((2.0, 5.0, 8.0))
        while (at := at + rng.expovariate(pace)) < self._setting.healed_at:
            acts.append(self._act(at))
        for _ in range(rng.randint(0, 6)):
            acts.append(self._act(rng.uniform(1, self._setting.healed_at))._replace(when=rng.choice(MOMENTS)))
        return acts

    def _act(self, at: float) -> Act:
        roll = self._rng.random()
        if roll < 0.78:
            return Act(at, self._client, "ask", (self._request(),))
        if roll < 0.88:
            return Act(at, self._client, "ask", tuple(self._request() for _ in range(self._rng.randint(2, 5))))
        if roll < 0.91 and not self._null_ids:
            return Act(at, self._client, "text", self._rng.choice(TEXTS))
        if roll < 0.915:
            return Act(at, self._client, "leave")
        if roll < 0.93:
            return Act(at, self._client, "stall", self._rng.uniform(0.5, 6.0))
        return Act(at, self._client, "ask", (self._call(),))

    def _request(self) -> Ask:
        roll = self._rng.random()
        if roll < 0.10:
            return self._subscribe()
        if roll < 0.17:
            name = self._rng.choice((LAST_SUBSCRIPTION, FIRST_SUBSCRIPTION))
            return self._ask("eth_unsubscribe", [name])
        if roll < 0.27:
            self._count += 1
            return self._ask("eth_sendRawTransaction", [f"0x02{self._client}{self._count:04}"])
        return self._call()

    def _call(self) -> Ask:
        rng = self._rng
        roll = rng.random()
        if roll < 0.35:
            data = f"0x{rng.getrandbits(64):016x}"
            return self._ask("eth_call", [{"to": IDENTITY, "data": data}, "latest"])
        return self._ask(
            *rng.choice(
                (
                    ("eth_blockNumber", []),
                    ("eth_chainId", []),
                    ("eth_getBalance", ["0x" + f"{rng.getrandbits(160):040x}", "latest"]),
                    ("eth_getLogs", [{"address": ADDRESSES[1], "fromBlock": "latest"}]),
                    ("eth_getBlockByNumber", ["latest", True]),
                    ("eth_getBlockByHash", ["0x" + "77" * 32, True]),
                    ("eth_call", [{"to": REVERTS, "data": "0x"}, "latest"]),
                    ("eth_noSuchMethod", [rng.getrandbits(64)]),
                )
            )
        )

    def _subscribe(self) -> Ask:
        params = self._rng.choice(STREAMS)
        ask = self._ask("eth_subscribe", params)
        self._count += 1
        return ask._replace(id=str(1000 + self._count)) if self._rng.random() < 0.7 or ask.id is None else ask

    def _ask(self, method: str, params: list[Any]) -> Ask:
        rng = self._rng
        self._count += 1
        roll = rng.random()
        name: str | None
        if roll < 0.70:
            name = str(100 + self._count)
        elif roll < 0.95:
            name = rng.choice(IDS)
        elif roll < 0.97 and self._null_ids:
            name = "null"
        else:
            # nobody could say when an unsubscribe without an answer took effect
            name = None if method != "eth_unsubscribe" else "0"
        return Ask(method, params, name, self._layout)


_NODE_FAULTS = (
    "kill", "kill", "stop", "stop", "pause", "reset", "reset", "close", "refuse", "black_hole", "drop_after_accept",
    "no_handshake", "slow_answers", "refuse_subscription", "stalled_head", "absurd_head",
)  # fmt: skip


def _faults(rng: Random, setting: Setting, clients: list[str]) -> list[Action]:
    faults: list[Action] = []
    names = [name for name, _, _ in setting.nodes]
    for _ in range(rng.randint(1, 5)):
        faults.append(_fault(rng, setting, names, clients))
    for _ in range(rng.choice((0, 0, 1, 2))):
        faults.append(Fault(rng.uniform(1.0, setting.healed_at), "reorg", "", 0.0, rng.randint(1, 4)))
    if rng.random() < 0.2:
        at = rng.uniform(1.0, setting.healed_at - 3)
        faults.append(Fault(at, STARVE, "", at + rng.uniform(0.2, 2.0)))
    if rng.random() < 0.15:
        at = rng.uniform(1.0, setting.healed_at - 4)
        until = at + rng.uniform(0.5, 3.0)
        faults += [Fault(at + rng.uniform(0, 0.3), rng.choice(("kill", "stop", "pause")), name, until) for name in names]
    return faults


def _fault(rng: Random, setting: Setting, names: list[str], clients: list[str]) -> Fault:
    name = rng.choice(_NODE_FAULTS)
    at = rng.uniform(1.0, setting.healed_at - 3)
    until = min(at + rng.uniform(0.3, 6.0), setting.healed_at)
    detail: Any = None
    if name == "slow_answers":
        detail = (rng.choice((0.2, 1.0)), rng.choice((0.5, 3.0)))
    elif name == "refuse_subscription":
        detail = tuple(rng.sample(("newHeads", "logs", "newPendingTransactions"), rng.randint(1, 2)))
    if rng.random() < 0.4:
        target = rng.choice(("@carrier", "@dialled"))
        return Fault(at, name, target, until, detail, rng.choice(MOMENTS), rng.choice(clients))
    return Fault(at, name, rng.choice(names), until, detail)
