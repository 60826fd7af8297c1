Feature: Issue 4, the connection monitor starves
  A node that lets probes hang may not delay the switch of those whose own node dies.

  @integration @health @websocket @failover @gateway @issue.4 @promise.fails_over
  Scenario: Clients leave a dead node in time while another one lets probes hang
    Given 10 clients connected via WebSocket with a subscription each
    When each client sends 10 requests per second
    And the HTTP lane of el-4-backup has black_hole
    And el-1-primary suffers kill of every lane for 3 seconds
    Then no request should be unanswered
    And no head should be missing or repeated for any client
