"""What a reorg makes of the heads that are due, and of the logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from e2e.checkers.heads_continuous import heads_continuous
from e2e.checkers.verdict import Answer
from tests.e2e.checkers.histories import Run, header, log
from tests.e2e.checkers.test_heads_continuous import answer, broken, listening, told

if TYPE_CHECKING:
    from tests.e2e.checkers.histories import Client


class TestReorg:
    """Blocks 1 to 4, of which 3 and 4 are replaced by 3b to 5b."""

    def run(self) -> tuple[Run, Client]:
        run = Run()
        a = listening(run)
        told(run, a, 1, 2, 3, 4)
        run.wait(0.5).block(3, "b", parent="a").block(4, "b").block(5, "b")
        return run, a

    def test_every_block_of_the_new_branch(self) -> None:
        run, a = self.run()
        for number, parent in ((3, "a"), (4, None), (5, None)):
            a.event("0xa", header(number, "b", parent))
        run.wait(2).settled()
        assert answer(run) is Answer.YES

    def test_its_tip_alone_as_nodes_announce_it(self) -> None:
        run, a = self.run()
        a.event("0xa", header(5, "b"))
        run.wait(2).settled()
        assert answer(run) is Answer.YES

    def test_not_even_its_tip(self) -> None:
        run, _ = self.run()
        run.wait(2).settled()
        broken(run, "head 5")

    @pytest.mark.parametrize("ordered", [True, False])
    def test_a_block_that_nobody_recorded_needs_a_reorg_as_its_excuse(self, ordered: bool) -> None:
        run = Run()
        a = listening(run)
        for number in (1, 2, 3):
            run.wait(1).block(number)
            if number == 3:
                a.event("0xa", header(3, "c", parent="a"))
                if ordered:
                    run.fault("reorg", "chain", depth=1).healed("reorg", "chain")
            a.event("0xa", header(number))
        run.wait(3).settled()
        assert answer(run) is (Answer.YES if ordered else Answer.NO)

    def test_what_a_node_announced_is_due(self) -> None:
        run = Run()
        witness = run.client("direct-x").subscribed(1, "newHeads", "0xd")
        a = listening(run)
        told(run, a, 1, 2)
        run.wait(0.5).block(2, "b", parent="a").block(3, "b")
        for client, name in ((witness, "0xd"), (a, "0xa")):
            client.event(name, header(3, "b"))
        run.wait(2)
        witness.event("0xd", header(2, "b", "a"))
        run.settled()
        broken(run, "head 2 ")

    def test_the_old_branch_again(self) -> None:
        run, a = self.run()
        a.event("0xa", header(5, "b")).event("0xa", header(4))
        broken(run, "head 4 again")

    def test_backwards(self) -> None:
        run, a = self.run()
        a.event("0xa", header(5, "b")).event("0xa", header(4, "b"))
        broken(run, "head 4 after head 5")

    def test_a_block_that_came_and_went_between_two_looks(self) -> None:
        run, a = self.run()
        a.event("0xa", header(5, "c", parent="a")).event("0xa", header(5, "b"))
        assert answer(run) is Answer.YES

    def test_back_to_the_old_branch(self) -> None:
        run, a = self.run()
        a.event("0xa", header(5, "b"))
        run.wait(1).block(3).block(4).block(5, "a").block(6)
        for number in (3, 4, 5, 6):
            a.event("0xa", header(number))
        run.wait(2).settled()
        assert answer(run) is Answer.YES


class TestLogs:
    def run(self) -> tuple[Run, Client, Client]:
        run = Run()
        witness = run.client("direct-x").subscribed(1, "logs", "0xd", {})
        a = listening(run, "logs")
        for number in (1, 2, 3):
            run.wait(1).block(number)
            witness.event("0xd", log(number))
            a.event("0xa", log(number))
        return run, a, witness

    def reorg(self, run: Run, witness: Client) -> None:
        run.wait(0.5).block(3, "b", parent="a").block(4, "b")
        witness.event("0xd", log(3, removed=True)).event("0xd", log(3, 0, "b")).event("0xd", log(4, 0, "b"))

    def test_kept(self) -> None:
        run, _, _ = self.run()
        assert answer(run) is Answer.YES

    @pytest.mark.parametrize("criteria", [{"address": "0x01"}, {"topics": ["0x02"]}])
    def test_a_filter_wants_only_what_it_wants(self, criteria: dict[str, object]) -> None:
        run, _, _ = self.run()
        run.client("b").subscribed(1, "logs", "0xb", criteria)
        run.wait(2).block(4).wait(2).settled()
        assert answer(run) is Answer.YES

    def test_reorg(self) -> None:
        run, a, witness = self.run()
        self.reorg(run, witness)
        a.event("0xa", log(3, removed=True)).event("0xa", log(3, 0, "b")).event("0xa", log(4, 0, "b"))
        run.wait(3).settled()
        assert answer(run) is Answer.YES

    def test_the_new_before_the_removal_of_the_old(self) -> None:
        run, a, witness = self.run()
        self.reorg(run, witness)
        a.event("0xa", log(3, 0, "b")).event("0xa", log(3, removed=True)).event("0xa", log(4, 0, "b"))
        run.wait(3).settled()
        broken(run, "before the removal")

    def test_no_removal(self) -> None:
        run, a, witness = self.run()
        self.reorg(run, witness)
        a.event("0xa", log(4, 0, "b"))
        run.wait(3).settled()
        broken(run, "before the removal")

    def test_nothing_after_the_reorg(self) -> None:
        run, _, witness = self.run()
        self.reorg(run, witness)
        run.wait(3).settled()
        broken(run, "nothing of the removal")
        broken(run, "never said 2 logs")

    def test_a_removal_out_of_the_blue(self) -> None:
        run, a, _ = self.run()
        a.event("0xa", log(2, 5, removed=True))
        broken(run, "removal of a log that was not told")

    def test_logs_of_a_block_that_came_and_went_between_two_looks(self) -> None:
        run, a, witness = self.run()
        told = [log(4, 0, "c"), log(3, removed=True), log(4, 0, "c", removed=True), log(3, 0, "b"), log(4, 0, "b")]
        for client, stream in ((a, "0xa"), (witness, "0xd")):
            client.event(stream, told[0])
        run.wait(0.5).block(3, "b", parent="a").block(4, "b")
        for event in told[1:]:
            a.event("0xa", event)
            witness.event("0xd", event)
        run.wait(3).settled()
        assert answer(run) is Answer.YES

    def test_the_removal_of_a_log_from_before_the_subscription(self) -> None:
        run, _, witness = self.run()
        late = run.client("late").subscribed(1, "logs", "0xl", {})
        self.reorg(run, witness)
        late.event("0xl", log(3, removed=True)).event("0xl", log(3, 0, "b")).event("0xl", log(4, 0, "b"))
        verdict = heads_continuous(run.history())
        assert not [witness for witness in verdict.witnesses if witness.client == "late"]
