Feature: Metrics and status
  What the proxy says of itself is true, and gives no secret away.

  @integration @metrics @promise.tells_of_itself
  Scenario: The status page lists the nodes with their heads
    When I fetch the status page
    Then the page should have status 200
    And the page should list the nodes of the topology

  @integration @metrics @topology.1p1b @promise.tells_of_itself
  Scenario: Ready as long as any node is healthy
    When the primary EL node is killed
    Then el-1-primary should be unhealthy within 5 seconds
    When I fetch the ready page
    Then the page should have status 200

  @integration @metrics @topology.1p0b @promise.tells_of_itself
  Scenario: Not ready without a healthy node, and alive all the same
    When the primary EL node is killed
    Then el-1-primary should be unhealthy within 5 seconds
    When I fetch the ready page
    Then the page should have status 503
    When I fetch the health page
    Then the page should have status 200

  @integration @metrics @compatibility @promise.tells_of_itself
  Scenario: Every series is there from the start
    Then these metrics should be there
      | name                                 |
      | vixy_el_requests_total               |
      | vixy_el_request_duration_seconds     |
      | vixy_el_node_block_number            |
      | vixy_el_node_lag_blocks              |
      | vixy_el_node_healthy                 |
      | vixy_el_failover_active              |
      | vixy_el_failovers_total              |
      | vixy_cl_requests_total               |
      | vixy_cl_node_slot                    |
      | vixy_ws_connections_active           |
      | vixy_ws_reconnections_total          |
      | vixy_ws_reconnection_attempts_total  |
      | vixy_ws_subscriptions_active         |
      | vixy_ws_upstream_node_connected      |
      | vixy_ws_queue_size                   |
      | vixy_ws_backfilled_blocks_total      |
      | vixy_http_retries_total              |

  @integration @metrics @websocket @reconnection @mode.H11 @promise.counted_right
  Scenario: Gauges equal what is there after switches and leaves
    Given 10 clients connected via WebSocket with 2 subscriptions each
    When primary node stops and recovers
    And 4 of the clients are gone without a word
    Then the proxy should count 6 connections of mine within 5 seconds
    And 3 seconds go by

  @integration @metrics @websocket @topology.1p0b @setting.proxy_timeout_ms=2000 @mode.H11 @promise.counted_right
  Scenario: Who gave up waiting for a node is counted as waiting no more
    Given I connect via WebSocket
    When the primary EL node is killed
    And I send 20 requests at once
    Then the proxy should count 20 requests that wait, or more, within 1 seconds
    And all 20 requests should be answered with the error -32051 within 3 seconds
    And 2 seconds go by

  @integration @metrics @failover @topology.1p1b @promise.tells_of_itself
  Scenario: The failover flag says when backups serve, and no longer
    When the primary EL node is stopped
    Then the failover flag should go up within 3 seconds
    And the proxy should count 1 failover
    When the primary EL node is restarted
    Then the failover flag should go down within 3 seconds

  @integration @metrics @failover @topology.1p1b @keyed @mode.H10 @promise.tells_of_itself
  Scenario: Secrets in the URLs of nodes are kept, also when a node is gone
    Given I have active WebSocket connection with subscriptions
    When the primary EL node is killed for 2 seconds
    Then no secret of a node's URL should be on any page or in the log
    And no request should be unanswered
