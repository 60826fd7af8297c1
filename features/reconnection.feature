Feature: Reconnection
  A client does not notice that its node went away: it is asked and told as before, and nothing that it did not ask
  for reaches it.

  # Test 1.1 of the gap analysis.
  @integration @websocket @reconnection @critical @gap.1 @issue.2 @promise.no_strangers
  Scenario: Regular JSON-RPC requests work after WebSocket reconnection
    Given I connect via WebSocket
    And I subscribe to newHeads
    And I send eth_blockNumber and receive response
    When the primary EL node is stopped
    And I wait for reconnection to complete
    When I send eth_blockNumber request
    Then I should receive valid block number response
    And I should NOT receive any subscription replay responses
    And response time should be < 2 seconds

  @integration @websocket @reconnection @critical @gap.1 @issue.2 @promise.no_strangers
  Scenario: Regular requests work after WebSocket reconnection
    Given I have active WebSocket connection with subscriptions
    When I send eth_blockNumber request
    And primary node stops and recovers
    And reconnection completes
    When I send eth_blockNumber request again
    Then I should receive valid response
    And I should NOT receive subscription replay responses
