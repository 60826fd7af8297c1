Feature: Ids
  A client's request ids are its own: of any JSON type, digit for digit, and free to be used again.

  @integration @websocket @reconnection @critical @gap.3 @issue.2 @mode.S6 @promise.answered_once
  Scenario: Client reuses RPC IDs after reconnection
    Given I subscribed with {"id": 100}
    When the primary EL node is stopped
    And reconnection completes
    When I send regular request with {"id": 100}
    Then I should receive response for my regular request
    And NOT receive the subscription replay response

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
