Feature: Routing
  Primaries serve while one is healthy; backups wait.

  @integration @routing @http @gateway @promise.routes
  Scenario: A healthy primary is asked, a backup is not
    When 2 HTTP clients post 20 requests each at 20 per second
    Then every HTTP request should have a result
    And el-1-primary should be asked for eth_call over HTTP
    And every backup should not be asked for eth_call over HTTP

  @integration @routing @websocket @gateway @promise.routes
  Scenario: Clients are carried by primaries
    Given 10 clients connected via WebSocket with a subscription each
    Then metrics should show primary node connected
    And no link to every backup should be left

  @integration @routing @failover @gateway @promise.fails_over
  Scenario: The second primary comes before any backup
    Given I have active WebSocket connection with subscriptions
    When the node in use suffers kill of every lane for 3 seconds
    Then metrics should show primary node connected
    And every backup should not be asked for eth_call over HTTP
    And no client should be closed

  @integration @routing @websocket @gateway @topology.1p1b @mode.C5 @promise.transparent
  Scenario: Header fields and query of an upgrade request reach the node
    Given a client connects with the header "Authorization: Bearer 1234" and the query "network=test"
    Then el-1-primary should have seen them in the upgrade request

  @integration @routing @promise.transparent
  Scenario: What a node says passes byte for byte
    When I ask the proxy and a node, over HTTP and over WebSocket, for a block, a call that reverts and a method that is not there
    Then what the proxy says should be what the node says, byte for byte

  @integration @routing @websocket @mode.C5 @promise.transparent
  Scenario Outline: A page in <browser> can open a WebSocket
    When a page opens a WebSocket as <browser> writes it, it should be let in and have an answer

    Examples:
      | browser |
      | Firefox |
      | Chrome  |

  @integration @routing @gateway @topology.1p1b @promise.transparent
  Scenario: An error of the node's is the client's to see, and is asked for once
    Given I connect via WebSocket
    When I send eth_noSuchMethod request
    Then I should receive the node's own error
    And el-1-primary should have been asked for eth_noSuchMethod once
