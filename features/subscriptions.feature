Feature: Subscriptions
  Every confirmed subscription goes on under its own id, once, through any number of switches.

  # Test 1.2 of the gap analysis.
  @integration @websocket @reconnection @critical @gap.2 @issue.2 @mode.S3 @promise.subscriptions_survive
  Scenario: Multiple subscriptions maintained after reconnection
    Given I connect via WebSocket
    When I subscribe to newHeads with ID 100
    And I subscribe to logs with ID 101
    And I subscribe to pendingTransactions with ID 102
    And I receive confirmation for all 3 subscriptions
    When the primary EL node is stopped
    And I wait for reconnection to complete
    Then all 3 subscriptions should still be active
    And I should receive notifications for all 3 types
    And subscription IDs should be preserved (100, 101, 102)

    When I send eth_blockNumber with ID 200
    Then I should receive block number response with ID 200
    And I should NOT receive subscription replay responses (IDs 100-102)

  # Gap 2. The text there wants the client to receive the replay responses and not to: they are the proxy's.
  @integration @websocket @reconnection @critical @gap.2 @issue.2 @promise.subscriptions_survive @promise.no_strangers
  Scenario: Five subscriptions maintained after reconnection
    Given I have 5 active subscriptions (newHeads, logs, pendingTx, etc)
    When primary node stops and recovers
    Then all 5 subscriptions should continue working
    And I should NOT receive subscription replay responses (IDs 100-104)
    And subsequent notifications should use correct IDs
