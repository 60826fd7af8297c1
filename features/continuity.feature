Feature: Continuity
  What a reconnection leaves behind works as before, for as long as one likes.

  # At the quick pace the requests are as many and closer together; -D pace=full takes the ten minutes.
  @integration @websocket @reconnection @critical @gap.4 @issue.2 @promise.answered_once
  Scenario: WebSocket remains stable for extended period after reconnection
    Given reconnection completed
    When I send 1000 requests over 10 minutes
    Then all requests should succeed
    And latency should be normal
    And no connections should break
