Feature: Load
  Many clients, clients that misbehave, and bounds that hold.

  @integration @load @websocket @gap.7 @promise.fails_over
  Scenario: Fifty clients through a switch
    Given 50 clients connected via WebSocket with 2 subscriptions each
    When each client sends 4 requests per second
    And the primary EL node is killed for 4 seconds
    Then no request should be unanswered
    And no head should be missing or repeated for any client
    And no client should be closed

  # At the way home: a failover is spread over less than a busy machine can tell from an instant.
  @integration @load @websocket @reconnection @gateway @topology.1p1b @mode.L11 @promise.does_not_flap
  Scenario: A hundred clients do not dial a node in the same instant
    Given 100 clients connected via WebSocket with a subscription each
    When the WebSocket lane of el-1-primary has down for 2 seconds
    Then all clients should be back on the primary within 2 seconds after it is healthy
    And no client should be closed
    And the dials to el-1-primary should not come in the same instant

  @integration @load @websocket @gateway @mode.C1 @promise.counted_right
  Scenario: Clients that are gone without a word leave nothing behind
    Given 60 clients connected via WebSocket with a subscription each
    When 60 of the clients are gone without a word
    Then the proxy should count 0 connections of mine within 5 seconds
    And nobody's link to a node should be left
    And 3 seconds go by

  @integration @load @websocket @gap.7 @mode.C2 @promise.bounded @promise.isolated
  Scenario: A slow reader hurts nobody but itself
    Given 10 clients connected via WebSocket with 3 subscriptions each
    When each client sends 20 requests per second
    And one of the clients calls for 64 MiB and does not read for 3 seconds
    Then those who did not read should be served in full, or be closed with 1013
    And every client should hear of new blocks

  @integration @load @http @gateway @topology.1p1b @mode.C2 @promise.bounded @promise.isolated
  Scenario Outline: Who pipelines and reads nothing is served no more than there is room for: answers of <size> KiB
    Given 2 HTTP clients post 20 requests per second each
    When 2 seconds go by
    And an HTTP client calls for <total> MiB in answers of <size> KiB, and reads none of them
    And 2 seconds go by
    Then at most <room> of its calls should have reached a node
    When it reads on
    And 3 seconds go by
    Then every HTTP request should have a result
    And no client that posts all along should have waited for more than 2 seconds

    Examples:
      | size | total | room |
      | 512  | 24    | 20   |
      | 1152 | 48    | 12   |

  @integration @load @websocket @topology.1p0b @mode.C2
  Scenario: Who sends pings and reads nothing has no pongs kept for it without end
    When another client sends 96 MiB of pings, and reads nothing
    Then the proxy's memory should have grown by less than 64 MiB

  @integration @load @http @gateway @topology.1p0b @mode.C1
  Scenario: Posters that are gone before their answer leave few connections to a node
    Given the HTTP lane of el-1-primary is prepared for method_timeout
      | methods          |
      | ["eth_gasPrice"] |
    And 2 HTTP clients post 20 requests per second each
    When 100 HTTP clients post eth_gasPrice, and are gone before the answer
    Then at most 30 connections to the HTTP lane of el-1-primary should be left
    And no client that posts all along should have waited for more than 2 seconds

  @integration @load @websocket @gateway @topology.1p0b
  Scenario: Clients whose answers are too large keep nobody else out
    Given I have active WebSocket connection with subscriptions
    And the WebSocket lane of el-1-primary is prepared for oversize
      | methods          | bytes      | sent  | times |
      | ["eth_gasPrice"] | 1073741824 | 65536 | 0     |
    When 3 clients keep on calling eth_gasPrice, each time over a connection of their own
    And 3 seconds go by
    Then 10 new clients should be let in, one after another, and have an answer within 0.5 seconds each
    And those who keep on calling should be told each time
    And all 3 subscriptions should still be active

  @integration @load @websocket @reconnection @topology.1p0b @issue.1 @mode.C4 @promise.explains_refusals
  Scenario: Requests beyond the bound are answered at once
    Given I connect via WebSocket
    When the primary EL node is killed
    And I send 1500 requests at once
    Then what does not fit into the queue is answered within 2 seconds
    When the primary EL node is restarted
    Then no request should be unanswered

  @integration @load @websocket @mode.H13 @promise.bounded @promise.counted_right
  Scenario Outline: Clients that come and go leave memory and gauges as they were: <count>
    Given I connect via WebSocket
    When <count> clients come and go
    Then the proxy should count 1 connections of mine within 5 seconds
    And 3 seconds go by

    Examples: in seconds
      | count |
      | 300   |

    @extended
    Examples: in minutes
      | count |
      | 20000 |
