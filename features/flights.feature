Feature: Requests in flight
  What was asked before a client's node changed is answered all the same.

  @integration @websocket @reconnection @gateway @topology.1p1b @issue.1 @mode.L9
  Scenario: Requests in flight to a node that dies are answered
    Given I connect via WebSocket
    And the WebSocket lane of el-1-primary is prepared for slow_answers
      | delay |
      | 3000  |
    When I start sending 20 requests per second continuously
    And the node in use suffers kill of every lane for 3 seconds
    Then no request should be unanswered

  @integration @websocket @failback @gateway @topology.1p1b @issue.5 @mode.L9 @promise.returns_home
  Scenario: Requests in flight at a planned return to the primary are answered
    Given I connect via WebSocket
    And the WebSocket lane of el-3-backup is prepared for slow_answers
      | delay |
      | 1500  |
    When the primary EL node is killed
    And I start sending 20 requests per second continuously
    And the primary EL node is restarted
    Then all clients should be back on the primary within 2 seconds after it is healthy
    And no request should be unanswered

  # What may change something, and what nobody knows: only a read may be asked twice.
  @integration @websocket @reconnection @gateway @topology.1p1b @mode.L9 @promise.sends_once
  Scenario Outline: <method> over WebSocket is written to one node only, though that node is gone before it answers
    Given I connect via WebSocket
    And the WebSocket lane of el-1-primary is prepared for slow_answers
      | delay | methods      |
      | 3000  | ["<method>"] |
    When I ask for <method> over WebSocket, and the link to el-1-primary is reset before the answer
    Then the answer should be an error that says that the outcome is unknown

    Examples:
      | method                 |
      | eth_sendRawTransaction |
      | eth_sendBundle         |

  @integration @websocket @gateway @topology.1p0b @mode.L6 @promise.answered_once
  Scenario: An answer that takes longer to come than a ping is waited for
    Given I connect via WebSocket
    And the WebSocket lane of el-1-primary is prepared for bandwidth
      | rate | stream     |
      | 1024 | downstream |
    When I call for an answer of 4 MiB
    Then I should receive valid response
    And no client should be closed

  # Longer than what the busiest machine excuses.
  @integration @http @failover @gateway @topology.1p1b @mode.L6 @promise.fails_over @promise.reads_retried
  Scenario: No post waits for a node that falls silent
    Given 5 HTTP clients post 10 requests per second each
    When the HTTP lane of el-1-primary has black_hole for 7 seconds
    Then every HTTP request should have a result

  @integration @http @gateway @topology.1p1b @promise.sends_once
  Scenario: A batch with a transaction in it is written to one node only
    Given the HTTP lane of el-1-primary is prepared for slow_answers
      | delay | methods                    |
      | 3000  | ["eth_sendRawTransaction"] |
    When I ask for eth_sendRawTransaction over HTTP, among reads, and the link to el-1-primary is reset before the answer
    Then the answer should be an error that says that the outcome is unknown
