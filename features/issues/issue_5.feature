Feature: Issue 5, never back to the primary
  Clients that had to leave it stay away although it is well again.

  @integration @websocket @failback @topology.1p2b @gap.6 @issue.5 @promise.returns_home
  Scenario Outline: Clients are back on a primary that was <done>, and stay
    Given 10 clients connected via WebSocket with 2 subscriptions each
    When each client sends 5 requests per second
    And the primary EL node is <done> for 4 seconds
    Then all clients should be back on the primary within 2 seconds after it is healthy
    When 3 seconds go by
    Then metrics should show primary node connected
    And no request should be unanswered

    Examples:
      | done    |
      | stopped |
      | killed  |
      | paused  |
