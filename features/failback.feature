Feature: Failback
  Clients go home to a primary as soon as one is healthy, and lose nothing on the way.

  # Test 1.4 of the gap analysis, which listens to notifications without having subscribed: so here it does. One primary
  # only: with two, the other one would take the clients and no backup would be seen.
  @integration @websocket @reconnection @failover @critical @topology.1p1b @gap.6 @issue.5 @promise.returns_home
  Scenario: WebSocket automatically switches back to primary when recovered
    Given all Kurtosis services are running
    And I connect via WebSocket through Vixy
    And I subscribe to newHeads
    When the primary EL node is stopped
    And I wait 6 seconds for failover to backup
    Then metrics should show backup node connected

    When the primary EL node is restarted
    And I wait 6 seconds for health detection
    Then metrics should show primary node connected
    And the WebSocket connection should still work
    And I should receive notifications without interruption

  @integration @websocket @reconnection @failover @critical @topology.1p2b @gap.6 @issue.5 @promise.returns_home
  Scenario: WebSocket switches back to primary when it recovers
    Given connected to backup node (primary is down)
    When primary node recovers and becomes healthy
    And health monitor runs
    Then WebSocket should reconnect to primary
    And metrics should show primary connected

  @integration @websocket @failback @gateway @issue.5 @promise.returns_home
  Scenario: The second primary is home, too, while the first one stays away
    Given 3 clients connected via WebSocket with 2 subscriptions each
    When every lane of every primary has down
    Then every client should be carried by el-3-backup within 3 seconds
    When the lanes of el-2-primary are well again
    Then all clients should be back on the primary within 2 seconds after it is healthy
