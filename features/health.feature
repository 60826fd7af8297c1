Feature: Health
  Probes are honest, side by side, and nobody waits for them.

  @integration @health @gateway @issue.3 @issue.4 @mode.L6 @promise.isolated
  Scenario: A node that accepts and never answers delays nobody
    Given 5 clients connected via WebSocket with a subscription each
    When each client sends 10 requests per second
    And the HTTP lane of el-4-backup has black_hole
    Then el-4-backup should be unhealthy within 5 seconds
    When I fetch the status page
    Then the page should come within a second
    And response times of the clients should stay below 0.5 seconds at the 99th percentile

  @integration @health @gateway @topology.1p2b @issue.3 @issue.4 @promise.fails_over
  Scenario: Failover is fast though another node keeps its probes waiting
    Given 5 clients connected via WebSocket with a subscription each
    When each client sends 10 requests per second
    And the HTTP lane of el-3-backup has black_hole
    And the node in use suffers kill of every lane for 3 seconds
    Then no request should be unanswered
    And no client should be closed

  @integration @health @gateway @topology.1p1b @mode.H7 @promise.health_honest
  Scenario: A lost probe now and then changes nothing
    Given the HTTP lane of el-1-primary is prepared for probe_failure
      | every |
      | 5     |
    When I connect via WebSocket
    Then el-1-primary should stay healthy for 8 seconds
    And metrics should show primary node connected

  @integration @health @gateway @topology.1p1b @mode.H8 @promise.health_honest
  Scenario: A node that is syncing serves nobody
    When the HTTP lane of el-1-primary has syncing
    Then el-1-primary should be unhealthy within 5 seconds
    When the lanes are well again
    Then el-1-primary should be healthy within 5 seconds

  @integration @health @http @gateway @topology.1p1b @mode.H8 @promise.reads_retried
  Scenario: Reads go elsewhere while half of a node's methods fail
    Given 2 HTTP clients post 10 requests per second each
    When the HTTP lane of el-1-primary has http_status
      | status | methods                           |
      | 503    | ["eth_getBalance", "eth_getLogs"] |
    And 4 seconds go by
    Then the status page should name eth_getBalance as failing at el-1-primary within 5 seconds
    And every HTTP request should have a result

  @integration @health @http @gateway @topology.1p1b @mode.H8 @promise.reads_retried
  Scenario: A method at which one node fails by itself is asked of another one, and no other method is
    Given 2 HTTP clients post 10 requests per second each
    When the HTTP lane of el-1-primary has method_failure
      | methods            | code   | message        |
      | ["eth_getBalance"] | -32603 | Internal error |
    Then the status page should name eth_getBalance as failing at el-1-primary within 5 seconds
    And metrics should show failing methods at el-1-primary only
    When 4 seconds go by
    Then every HTTP request should have a result
    And every backup should be asked for eth_getBalance over HTTP
    And every backup should not be asked for eth_call over HTTP

  @integration @health @gateway @mode.H8 @promise.health_honest
  Scenario: An answer with status 500 is no good probe, whatever its body
    When the HTTP lane of el-2-primary has http_status
      | status | keep_body |
      | 500    | true      |
    Then el-2-primary should be unhealthy within 5 seconds

  @integration @health @gateway @mode.H9 @promise.health_honest
  Scenario Outline: One node's absurd head is not believed alone: <block>
    Given I connect via WebSocket
    When the HTTP lane of el-4-backup has absurd_head
      | block   |
      | <block> |
    Then el-1-primary should stay healthy for 3 seconds
    And metrics should show primary node connected

    Examples: 2 to the power of 60, and of 64
      | block               |
      | 0x1000000000000000  |
      | 0x10000000000000000 |

  @integration @health @gateway @topology.1p1b @promise.health_honest
  Scenario: A node whose head stands still is left
    Given I have active WebSocket connection with subscriptions
    When each client sends 10 requests per second
    And every lane of el-1-primary has stalled_head
    Then el-1-primary should be unhealthy within 10 seconds
    And every client should hear of new blocks
