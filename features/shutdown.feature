Feature: Shutdown
  A proxy that is told to leave finishes what it has begun.

  @integration @shutdown @websocket @mode.C6 @promise.leaves_politely
  Scenario: Busy WebSocket clients are closed with 1001, and nothing in flight is lost
    Given 10 clients connected via WebSocket with 2 subscriptions each
    When each client sends 20 requests per second
    And the proxy is told to stop
    Then every client should be closed with 1001
    And the proxy should end with exit code 0 within 15 seconds

  @integration @shutdown @http @gateway @topology.1p1b @mode.C6 @promise.leaves_politely
  Scenario: Posts in flight are answered before the proxy leaves
    Given the HTTP lane of el-1-primary is prepared for slow_answers
      | delay | methods            |
      | 2000  | ["eth_getBalance"] |
    When I post eth_getBalance while the proxy is told to stop
    Then no new client should be let in
    And every HTTP request should have a result
    And the proxy should end with exit code 0 within 15 seconds

  @integration @shutdown @http @mode.C6 @promise.leaves_politely
  Scenario: A post that is still being sent is answered before the proxy leaves
    When an HTTP client has posted half of a request
    And the proxy is told to stop
    And it posts the other half after 1 seconds
    Then every HTTP request should have a result
    And the proxy should end with exit code 0 within 15 seconds

  @integration @shutdown @websocket @gateway @topology.1p0b @setting.proxy_timeout_ms=30000 @mode.C6
  @promise.leaves_politely
  Scenario: However many clients still wait at the end, each is closed with 1001
    Given 220 clients wait for eth_gasPrice, which no node answers
    When the proxy is told to stop
    Then all 220 who wait should be closed with 1001 within 15 seconds
    And the proxy should end with exit code 0 within 15 seconds
