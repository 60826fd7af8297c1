Feature: Streams
  What a subscription says is the same through switches, reorgs and nodes with habits of their own.

  @integration @websocket @reconnection @topology.1p1b @mode.S1
  Scenario: Unsubscribing works after a switch
    Given I have 5 active subscriptions (newHeads, logs, pendingTx, etc)
    When the primary EL node is stopped
    And I wait for reconnection to complete
    And I subscribe to logs
    And another client asks to end my last subscription
    And I unsubscribe from my first subscription
    Then it should be confirmed, and the subscription silent from then on
    When the primary EL node is restarted
    And 3 seconds go by
    Then all 5 subscriptions should still be active

  @integration @websocket @reconnection @gateway @issue.2 @mode.S2 @promise.no_strangers
  Scenario: Nodes that hand out the same small ids
    Given the WebSocket lane of every primary is prepared for sequential_ids
    And 3 clients connected via WebSocket with 2 subscriptions each
    When the node in use is left 4 times
    Then no client should receive what it did not ask for
    And no head should be missing or repeated for any client

  @integration @websocket @failover @gateway @topology.1p2b @mode.S3
  Scenario: A node that refuses a subscription is passed over
    Given the WebSocket lane of el-3-backup is prepared for refuse_subscription
      | kinds                      |
      | ["newPendingTransactions"] |
    And I have active WebSocket connection with subscriptions
    When the primary EL node is killed
    And I wait for reconnection to complete
    Then all 3 subscriptions should still be active

  @integration @websocket @reconnection @gateway @issue.2 @mode.S4 @promise.heads_continuous
  Scenario: Heads are continuous through ten switches
    Given I have active WebSocket connection with subscriptions
    When the node in use is left 10 times
    Then no head should be missing or repeated for any client
    And all 3 subscriptions should still be active

  @integration @websocket @gateway @topology.1p0b @mode.S5 @promise.no_strangers
  Scenario: A subscription that its node confirms twice is one
    Given the WebSocket lane of el-1-primary is prepared for answer_twice
      | methods           |
      | ["eth_subscribe"] |
    And I have active WebSocket connection with subscriptions
    Then no client should receive what it did not ask for
    And all 3 subscriptions should still be active
    And no head should be missing or repeated for any client
    And el-1-primary should be dialled at most 1 times
    And no client should be closed

  @integration @websocket @reconnection @topology.1p0b @setting.ws_backfill_blocks=2 @mode.S4 @promise.heads_continuous
  Scenario: Who has missed more than can be caught up with is told so
    Given I have active WebSocket connection with subscriptions
    When the primary EL node is killed for 4 seconds
    Then every client should be closed with 1013
    When I post eth_blockNumber
    Then every HTTP request should have a result

  @integration @websocket @reconnection @topology.1p1b @mode.S5
  Scenario: Subscriptions made in a batch go on after a switch
    Given I connect via WebSocket
    When I subscribe to newHeads and logs in one batch
    And the primary EL node is stopped
    And I wait for reconnection to complete
    Then all 2 subscriptions should still be active

  @integration @websocket @reconnection @gateway @topology.1p1b @mode.S5
  Scenario: A subscription whose confirmation was on its way at the switch
    Given I connect via WebSocket
    When I subscribe to newHeads while the WebSocket lane of el-1-primary is closed
    Then my subscription should still be active

  @integration @websocket @reorg @mode.S8 @promise.heads_continuous
  Scenario: A reorg is told in order
    Given I have active WebSocket connection with subscriptions
    When 5 seconds go by
    And the last 4 blocks are replaced
    And 3 seconds go by
    Then all 3 subscriptions should still be active

  @integration @websocket @reconnection @reorg @gateway @topology.1p1b @mode.S8 @promise.heads_continuous
  Scenario: A reorg while the node in use is away
    Given I have active WebSocket connection with subscriptions
    When 3 seconds go by
    And the node in use is killed, and while it is away the last 2 blocks are replaced
    Then all 3 subscriptions should still be active
