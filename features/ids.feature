Feature: Ids
  A client's request ids are its own: of any JSON type, digit for digit, and free to be used again.

  @integration @websocket @gateway @topology.1p1b @promise.no_strangers
  Scenario: A node that answers twice is heard once
    Given 5 clients connected via WebSocket with 2 subscriptions each
    When each client sends 10 requests per second
    And the WebSocket lane of el-1-primary has answer_twice for 3 seconds
    Then no client should receive what it did not ask for
    And no request should be unanswered

  @integration @websocket @reconnection @critical @gap.3 @issue.2 @mode.S6 @promise.answered_once
  Scenario: Client reuses RPC IDs after reconnection
    Given I subscribed with {"id": 100}
    When the primary EL node is stopped
    And reconnection completes
    When I send regular request with {"id": 100}
    Then I should receive response for my regular request
    And NOT receive the subscription replay response

  # A proxy that keeps its clients' ids on the way to a node, or reads them as numbers, mixes these up: with each other, or
  # with what it asks on its own account after a switch.
  @integration @websocket @reconnection @load @critical @gap.3 @issue.2 @mode.S6 @promise.answered_once
  Scenario: Busy clients that reuse low ids, in every spelling, get their own answers through a switch
    Given 5 clients connected via WebSocket with 3 subscriptions each
    When each client sends 50 requests per second with twins ids
    And the primary EL node is killed for 2 seconds
    Then no request should be unanswered
    And no client should receive what it did not ask for
    And no head should be missing or repeated for any client

  @integration @websocket @mode.S7
  Scenario: A batch of requests and notifications over WebSocket is answered as JSON-RPC 2.0 says
    Given I connect via WebSocket
    When I send a batch of 5 requests, 2 of them without id
    Then each of the batch that has an id should be answered, once, and no other

  @integration @websocket @reconnection @mode.S6 @promise.answered_once
  Scenario Outline: A request id comes back as it was sent, before and after a switch: <id>
    Given I connect via WebSocket
    When I send eth_blockNumber with ID <id>
    Then I should receive block number response with ID <id>
    When the primary EL node is stopped
    And I wait for reconnection to complete
    And I send eth_blockNumber with ID <id>
    Then I should receive block number response with ID <id>

    Examples:
      | id                   |
      | 0                    |
      | -1                   |
      | 9007199254740993     |
      | 18446744073709551616 |
      | 1.0                  |
      | 1e3                  |
      | "1"                  |
      | ""                   |
      | null                 |
