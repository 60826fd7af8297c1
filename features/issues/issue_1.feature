Feature: Issue 1, messages sent while the proxy reconnects are lost
  The window begins when the link dies and ends when a node can be had again.

  @integration @websocket @reconnection @topology.1p0b @gap.5 @issue.1 @mode.L12 @promise.answered_once
  Scenario Outline: A hundred requests in the window after the only node was <done>
    Given I have active WebSocket connection with subscriptions
    When the primary EL node is <done>
    And I send 100 requests during 2-5 second reconnection window
    Then all 100 requests should eventually receive responses
    And all 3 subscriptions should still be active

    Examples:
      | done    |
      | stopped |
      | killed  |
      | paused  |

  @integration @websocket @topology.1p0b @setting.proxy_timeout_ms=2000 @issue.1 @mode.L12
  Scenario: With no node left a client that asks is told so in time
    Given I connect via WebSocket
    When the primary EL node is killed
    And I send 20 requests at once
    Then a ping of mine should be answered within 1 seconds
    And all 20 requests should be answered with the error -32051 within 3 seconds
