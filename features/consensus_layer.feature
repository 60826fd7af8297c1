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

  @integration @cl @gateway @topology.1p0b @consensus.gateway @promise.serves_consensus
  Scenario Outline: Another consensus node answers when the first one has <fault>
    When the HTTP lane of cl-1 is prepared for <fault>
    And I fetch /eth/v1/node/syncing of the consensus layer
    Then the page should have status 200
    And the page should come within a second

    Examples:
      | fault       |
      | down        |
      | http_status |

  @integration @cl @gateway @topology.1p0b @consensus.gateway @mode.H8 @promise.serves_consensus
  Scenario: A consensus node that is syncing is not asked while another one is well
    When the HTTP lane of cl-1 has syncing
    Then the consensus layer should say within 5 seconds that it is synced

  @integration @cl @gateway @topology.1p0b @consensus.gateway @promise.serves_consensus
  Scenario: Who listens to a consensus node that falls silent is told, and hears from another one
    Given a client listens to the events of the consensus layer
    And it hears of a new head
    When the HTTP lane of cl-1 has black_hole
    Then its stream should end within 10 seconds
    When it listens again
    Then it should hear of a new head

  @integration @cl @topology.1p0b @promise.serves_consensus
  Scenario: After the head of a stream of events comes the next answer
    When a client asks for the head of that stream alone, and for /eth/v1/node/syncing over the same connection, both should be there
