Feature: Failover
  However a node goes, its clients are served by another one in a moment.

  @integration @websocket @reconnection @failover @mode.L2 @mode.L7 @promise.fails_over
  Scenario Outline: Clients are served on when the primary is <done>
    Given I have active WebSocket connection with subscriptions
    When each client sends 20 requests per second
    And the primary EL node is <done> for 4 seconds
    Then no request should be unanswered
    And no head should be missing or repeated for any client
    And no client should receive what it did not ask for
    And no client should be closed

    Examples:
      | done    |
      | stopped |
      | killed  |
      | paused  |

  @integration @websocket @reconnection @load @failover @critical @topology.1p2b
  @gap.7 @issue.1 @issue.5 @mode.L9 @promise.fails_over @promise.returns_home
  Scenario: Twenty busy clients lose nothing when the primary is killed
    Given 20 clients connected via WebSocket with 3 subscriptions each
    When each client sends 10 requests per second
    And the primary EL node is killed for 8 seconds
    Then all clients should be back on the primary within 2 seconds after it is healthy
    And no request should be unanswered
    And no head should be missing or repeated for any client
    And no client should receive what it did not ask for
    And no client should be closed
