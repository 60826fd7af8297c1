Feature: Consensus layer
  The Beacon API goes through as it is.

  @integration @cl @promise.serves_consensus
  Scenario Outline: <path> is answered as a consensus node answers it
    When I fetch <path> of the consensus layer
    Then the page should have status <status>
    And the page should come within a second

    Examples:
      | path                         | status |
      | /eth/v1/node/health          | 200    |
      | /eth/v1/node/syncing         | 200    |
      | /eth/v1/beacon/headers/head  | 200    |
      | /eth/v1/there/is/no/such     | 404    |

  @integration @cl @topology.1p1b @consensus.silent @mode.H12 @promise.fails_over
  Scenario: Failover does not wait for a consensus node that never answers
    Given I have active WebSocket connection with subscriptions
    When each client sends 10 requests per second
    And the primary EL node is killed
    Then the failover flag should go up within 3 seconds
    And no request should be unanswered
