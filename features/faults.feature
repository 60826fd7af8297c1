Feature: Faults
  Whatever becomes of the node in use, twenty busy clients lose nothing, and are back on it as soon as it is well.

  @integration @websocket @reconnection @load @failover @gateway @topology.1p2b
  @gap.7 @issue.1 @issue.2 @issue.5 @mode.L1 @mode.L2 @mode.L6 @mode.L7 @mode.L9 @promise.fails_over
  Scenario Outline: Twenty busy clients lose nothing: <fault> of <lane> lane of the node in use
    Given 20 clients connected via WebSocket with 3 subscriptions each
    When each client sends 10 requests per second
    And the node in use suffers <fault> of <lane> lane for <seconds> seconds
    Then all clients should be back on the primary within 2 seconds after it is healthy
    And no request should be unanswered
    And no head should be missing or repeated for any client
    And no client should receive what it did not ask for
    And no client should be closed

    @promise.returns_home
    Examples: of the node as a whole
      | fault      | lane  | seconds |
      | kill       | every | 4       |
      | stop       | every | 4       |
      | pause      | every | 4       |
      | black_hole | every | 4       |
      | down       | every | 4       |

    @promise.returns_home
    Examples: of the WebSocket lane, while HTTP is well
      | fault      | lane      | seconds |
      | black_hole | WebSocket | 4       |
      | down       | WebSocket | 4       |

    # The lane takes new links at once: clients may find it well again before they have left.
    Examples: of the WebSocket lane, for an instant
      | fault | lane      | seconds |
      | reset | WebSocket | 2       |
      | close | WebSocket | 2       |
