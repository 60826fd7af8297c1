Feature: Links
  However the WebSocket link to a node fails, the client is served by another one, or by the same one over a new link.

  @integration @websocket @reconnection @gateway @topology.1p1b @issue.1 @mode.L1 @promise.fails_over
  Scenario: A reset of the WebSocket lane alone, while HTTP is well
    Given I have active WebSocket connection with subscriptions
    When the WebSocket lane of the node in use has reset
    And I send eth_blockNumber request
    Then I should receive valid block number response
    And response time should be < 0.5 seconds
    And all 3 subscriptions should still be active

  @integration @websocket @reconnection @gateway @topology.1p1b @mode.L2
  Scenario Outline: A node that closes with <code> ends no client's session
    Given I have active WebSocket connection with subscriptions
    When the WebSocket lane of the node in use has close
      | code   |
      | <code> |
    And I send eth_blockNumber request
    Then I should receive valid block number response
    And response time should be < 0.5 seconds
    And no client should be closed

    Examples:
      | code |
      | 1000 |
      | 1001 |
      | 1011 |
      | 1012 |

  @integration @websocket @failover @gateway @topology.1p2b @mode.L3
  Scenario: A node that never completes the handshake holds nobody up
    Given I have active WebSocket connection with subscriptions
    And the WebSocket lane of el-3-backup is prepared for freeze
    When the primary EL node is killed
    And I send eth_blockNumber request
    Then I should receive valid block number response
    And response time should be < 3 seconds
    When the primary EL node is restarted
    Then all clients should be back on the primary within 2 seconds after it is healthy
    And no client should be closed

  @integration @websocket @failover @gateway @mode.L4
  Scenario: A new client is served although the first node refuses it
    Given the WebSocket lane of el-1-primary has refuse
    When a new client connects
    And I send eth_blockNumber request
    Then I should receive valid block number response
    And response time should be < 2 seconds

  @integration @websocket @failover @gateway @topology.1p2b @mode.L5
  Scenario: The second backup serves when primary and first backup are gone
    Given I have active WebSocket connection with subscriptions
    And the WebSocket lane of el-3-backup has down
    When the primary EL node is killed
    And I send eth_blockNumber request
    Then I should receive valid block number response
    And response time should be < 2 seconds
    And all 3 subscriptions should still be active

  @integration @websocket @reconnection @gateway @topology.1p1b @mode.L6 @promise.fails_over
  Scenario: A link that falls silent is noticed by the proxy's own pings
    Given I have active WebSocket connection with subscriptions
    When each client sends 10 requests per second
    And the WebSocket lane of the node in use has black_hole for 4 seconds
    Then no request should be unanswered
    And no head should be missing or repeated for any client

  @integration @websocket @reconnection @topology.1p1b @mode.L7
  Scenario: A paused node blocks no client that keeps on sending
    Given I connect via WebSocket
    When the primary EL node is paused
    And I send 10 MiB of calls
    And I send eth_blockNumber request
    Then I should receive valid block number response
    And no request should be unanswered

  @integration @websocket @reconnection @gateway @topology.1p1b @mode.L8 @promise.does_not_flap
  Scenario: A node with good HTTP and bad WebSocket is not dialled for ever by everybody
    Given 10 clients connected via WebSocket with a subscription each
    When each client sends 2 requests per second
    And the WebSocket lane of el-1-primary is prepared for drop_after_accept
      | after |
      | 10    |
    And the WebSocket lane of el-1-primary has reset
    And 10 seconds go by
    Then el-1-primary should be dialled at most 60 times
    And no request should be unanswered

  @integration @websocket @failback @gateway @topology.1p1b @issue.5 @mode.L10 @promise.returns_home
  Scenario: After failback no link to a backup is left
    Given 5 clients connected via WebSocket with a subscription each
    When the node in use suffers kill of every lane for 4 seconds
    Then all clients should be back on the primary within 2 seconds after it is healthy
    And no link to every backup should be left

  @integration @websocket @failover @gateway @topology.1p2b @mode.L13 @promise.fails_over
  Scenario: A node that takes a dial and drops it is no success
    Given I have active WebSocket connection with subscriptions
    And the WebSocket lane of el-3-backup is prepared for drop_after_accept
      | after |
      | 10    |
    When the primary EL node is killed
    Then every client should be carried by el-4-backup within 3 seconds
    And el-3-backup should be dialled at most 30 times
    And no request should be unanswered
    And no client should be closed

  @integration @websocket @gateway @topology.1p0b @promise.isolated
  Scenario: Clients that nodes refuse keep nobody else out
    Given I have active WebSocket connection with subscriptions
    When each client sends 10 requests per second
    And 3 seconds go by
    And 5 clients from https://foreign.example keep on trying to connect, whom no node lets in
    And 6 seconds go by
    Then 5 new clients should be let in, one after another, and have an answer within 0.5 seconds each
    And the strangers should be told each time
    And all 3 subscriptions should still be active
