Feature: The reconnection window
  While a client's node is gone and no other can be had, what the client sends waits and is answered afterwards.
  With one node only, the window is as long as the node is away.

  # Test 1.3 of the gap analysis.
  @integration @websocket @reconnection @load @critical @topology.1p0b @gap.5 @issue.1 @mode.L9 @promise.answered_once
  Scenario: No messages lost during reconnection window
    Given I connect via WebSocket
    When I start sending 100 requests per second continuously
    And the primary EL node is stopped after 5 seconds
    And reconnection takes 3 seconds
    And I continue sending requests during reconnection
    Then all requests should receive responses within 10 seconds
    And no requests should timeout
    And no "context deadline exceeded" errors

  @integration @websocket @reconnection @critical @topology.1p0b @gap.5 @issue.1 @promise.answered_once
  Scenario: Messages sent during reconnection are not lost
    Given WebSocket connection established
    When reconnection starts (trigger manually)
    And I send 100 requests during 2-5 second reconnection window
    Then all 100 requests should eventually receive responses
    And no messages should be silently dropped
