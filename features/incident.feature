Feature: The incident
  One bad hour in production, replayed: reconnections one after another, some by a reset of the WebSocket lane alone
  while HTTP was well, and clients that read slowly meanwhile. Half of the old clients stayed open and deaf, everybody
  stayed on the backup, and of four or five subscriptions one was left. Here none of it may happen.

  # At the quick pace the four reconnections follow each other in seconds; -D pace=full takes the hour.
  @integration @incident @websocket @reconnection @load @gateway @topology.1p1b @gap.7
  @issue.1 @issue.2 @issue.3 @issue.4 @issue.5 @mode.L1 @mode.C2 @promise.returns_home @promise.fails_over @promise.counted_right
  Scenario: Twenty clients through four reconnections, five of them reading slowly
    Given 20 clients connected via WebSocket with 5 subscriptions each
    When each client sends 10 requests per second
    And the WebSocket lane of the node in use has reset
    And some time goes by
    And the node in use suffers kill of every lane for 3 seconds
    And some time goes by
    And 5 of the clients do not read for a while
    And the WebSocket lane of the node in use has reset
    And some time goes by
    And the node in use suffers pause of every lane for 3 seconds
    Then all clients should be back on the primary within 2 seconds after it is healthy
    And every client should hear of new blocks
    When the traffic ends and some time goes by
    And 5 fresh clients connect and subscribe to 5 streams each
    Then every client should hear of new blocks
    And no client should be closed
    And no request should be unanswered
    And no client should receive what it did not ask for
    And no head should be missing or repeated for any client
