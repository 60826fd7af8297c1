Feature: Issue 2, answers to replayed subscriptions reach the client
  And later: ids change, subscriptions multiply.

  @integration @websocket @reconnection @gateway @gap.2 @gap.3 @issue.2 @mode.S4 @promise.no_strangers
  Scenario: Five subscriptions through three switches, each once, under its own id
    Given I have 5 active subscriptions (newHeads, logs, pendingTx, etc)
    When the node in use is left 3 times
    Then all 5 subscriptions should continue working
    And no client should receive what it did not ask for
    And subsequent notifications should use correct IDs
